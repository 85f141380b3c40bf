//! What a client does in each case, and what it asserts.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use http::HeaderValue;
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use tower::ServiceExt as _;
use towerkit_endpoint::{
    BoxEndpoint, BoxStream, Code, Context, Ending, Endpoint, Error, NotSent, Request, WithMetadata,
};
use towerkit_testing::events::Events;
use towerkit_transport_grpc::{CallSummary, PoolChannel, Remote};

use crate::pb::{self, EchoStatus, Empty, InputRequest, InputResponse, LoadReport, LoadReportRequest};
use crate::pb::{OutputRequest, OutputResponse, Payload, ResponseParameters, SimpleRequest, SimpleResponse, TestLoad};
use crate::service::{INITIAL, LOAD, TRAILING};
use crate::site::{Target, soon};

/// Makes a test of each case, by its name.
macro_rules! each_case {
    ($test:ident) => {
        $test!(empty_unary);
        $test!(large_unary);
        $test!(client_streaming);
        $test!(server_streaming);
        $test!(half_duplex);
        $test!(ping_pong);
        $test!(empty_stream);
        $test!(custom_metadata);
        $test!(status_code_and_message);
        $test!(special_status_message);
        $test!(unimplemented_method);
        $test!(unimplemented_service);
        $test!(cancel_after_begin);
        $test!(cancel_after_first_response);
        $test!(timeout_on_sleeping_server);
        $test!(observed_intervals);
        $test!(rpc_soak);
        $test!(channel_soak);
        $test!(concurrent_large_unary);
        $test!(orca_per_rpc);
        $test!(orca_oob);
    };
}
pub(crate) use each_case;

/// The sizes that most cases of streams have.
const REQUESTS: [usize; 4] = [27182, 8, 1828, 45904];
const REPLIES: [usize; 4] = [31415, 9, 2653, 58979];

type Channel = Remote<PoolChannel>;
type Duplex = BoxEndpoint<BoxStream<OutputRequest>, WithMetadata<BoxStream<OutputResponse>>>;

/// The default message goes, and comes.
pub(crate) async fn empty_unary(target: &Target) {
    empty_call(&target.remote()).await;
}

async fn empty_call(remote: &Channel) {
    let call: BoxEndpoint<Empty, Empty> = remote.unary(pb::EMPTY_CALL).erased();
    soon(call.invoke(Empty {})).await.unwrap();
}

pub(crate) async fn large_unary(target: &Target) {
    large_call(&target.remote()).await;
}

async fn large_call(remote: &Channel) {
    let reply = soon(unary_call(remote).invoke(large())).await.unwrap().into_parts().0;
    assert_zeros(reply.payload, 314_159);
}

/// Four messages go, one comes.
pub(crate) async fn client_streaming(target: &Target) {
    let call: BoxEndpoint<BoxStream<InputRequest>, InputResponse> =
        target.remote().client_streaming(pb::STREAMING_INPUT_CALL).erased();
    let requests =
        REQUESTS.map(|size| Ok(InputRequest { payload: Some(Payload::zeros(size)), expect_compressed: None }));
    let reply = soon(call.invoke(stream::iter(requests).boxed())).await.unwrap();
    assert_eq!(reply.aggregated_payload_size, 74922);
}

/// One message goes, four come.
pub(crate) async fn server_streaming(target: &Target) {
    let call: BoxEndpoint<OutputRequest, BoxStream<OutputResponse>> =
        target.remote().server_streaming(pb::STREAMING_OUTPUT_CALL).erased();
    let request = OutputRequest { response_parameters: REPLIES.map(sized).into(), ..OutputRequest::default() };
    let replies = soon(call.invoke(request)).await.unwrap();
    assert_sizes(&collected(replies).await, &REPLIES);
}

/// The replies to all messages come once the last one has gone.
pub(crate) async fn half_duplex(target: &Target) {
    let call: BoxEndpoint<BoxStream<OutputRequest>, BoxStream<OutputResponse>> =
        target.remote().bidi_streaming(pb::HALF_DUPLEX_CALL).erased();
    let requests = stream::iter(std::iter::zip(REQUESTS, REPLIES).map(|(request, reply)| Ok(ping(request, reply))));
    let replies = soon(call.invoke(requests.boxed())).await.unwrap();
    assert_sizes(&collected(replies).await, &REPLIES);
}

/// A message goes once the reply to the last one has come.
pub(crate) async fn ping_pong(target: &Target) {
    let (send, requests) = requests();
    send.send(ping(REQUESTS[0], REPLIES[0])).unwrap();
    let mut replies = soon(full_duplex(&target.remote()).invoke(requests)).await.unwrap().into_parts().0;
    for (index, size) in REPLIES.into_iter().enumerate() {
        let reply = soon(replies.next()).await.unwrap().unwrap();
        assert_zeros(reply.payload, size);
        if let (Some(request), Some(reply)) = (REQUESTS.get(index + 1), REPLIES.get(index + 1)) {
            send.send(ping(*request, *reply)).unwrap();
        }
    }
    drop(send);
    assert!(soon(replies.next()).await.is_none());
}

/// None goes, and none comes.
pub(crate) async fn empty_stream(target: &Target) {
    let replies = soon(full_duplex(&target.remote()).invoke(stream::empty().boxed())).await.unwrap().into_parts().0;
    assert!(collected(replies).await.is_empty());
}

/// Metadata are sent back, of a plain reply and of a stream.
pub(crate) async fn custom_metadata(target: &Target) {
    const TEXT: HeaderValue = HeaderValue::from_static("test_initial_metadata_value");
    let remote = target.remote();
    let context = || {
        let mut context = Context::new();
        context.metadata_mut().insert(INITIAL, TEXT);
        context.metadata_mut().insert(TRAILING, binary(&[0xab; 3]));
        context
    };
    let binary_of = |value: Option<&str>| STANDARD_NO_PAD.decode(value.unwrap().trim_end_matches('=')).unwrap();

    let reply = soon(unary_call(&remote).oneshot(Request::with_context(context(), large()))).await.unwrap();
    let (reply, metadata, trailers, _) = reply.into_parts();
    assert_zeros(reply.payload, 314_159);
    assert_eq!(metadata.get_all(INITIAL).collect::<Vec<_>>(), [TEXT]);
    assert_eq!(binary_of(trailers.get(TRAILING)), [0xab; 3]);
    assert!(metadata.get(TRAILING).is_none() && trailers.get(INITIAL).is_none());

    let ends = Events::new();
    let told = ends.clone();
    let call: Duplex = remote
        .bidi_streaming(pb::FULL_DUPLEX_CALL)
        .with_metadata()
        .trailers(move |trailers| told.push(trailers.clone()))
        .erased();
    let requests = stream::iter([Ok(ping(271_828, 314_159))]).boxed();
    let reply = soon(call.oneshot(Request::with_context(context(), requests))).await.unwrap();
    let (replies, metadata, ..) = reply.into_parts();
    assert_eq!(metadata.get_all(INITIAL).collect::<Vec<_>>(), [TEXT]);
    assert_sizes(&collected(replies).await, &[314_159]);
    let trailers = ends.take().pop().unwrap();
    assert_eq!(binary_of(trailers.get(TRAILING).map(|value| value.to_str().unwrap())), [0xab; 3]);
    assert!(metadata.get(TRAILING).is_none() && trailers.get(INITIAL).is_none());
}

/// Code and text of an error come back, of a plain reply and of a stream.
pub(crate) async fn status_code_and_message(target: &Target) {
    let status = EchoStatus { code: 2, message: "test status message".to_owned() };
    let remote = target.remote();

    let request = SimpleRequest { response_status: Some(status.clone()), ..SimpleRequest::default() };
    let unary = soon(unary_call(&remote).invoke(request)).await.err().unwrap();

    let request = OutputRequest { response_status: Some(status), ..OutputRequest::default() };
    let stream = failure(full_duplex(&remote).invoke(stream::iter([Ok(request)]).boxed())).await;

    for error in [unary, stream] {
        assert_eq!((error.code(), error.message()), (Code::Unknown, "test status message"));
    }
}

/// Whatever is in the text.
pub(crate) async fn special_status_message(target: &Target) {
    let message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    let status = EchoStatus { code: 2, message: message.to_owned() };
    let request = SimpleRequest { response_status: Some(status), ..SimpleRequest::default() };
    let error = soon(unary_call(&target.remote()).invoke(request)).await.err().unwrap();
    assert_eq!((error.code(), error.message()), (Code::Unknown, message));
}

pub(crate) async fn unimplemented_method(target: &Target) {
    let call: BoxEndpoint<Empty, Empty> = target.remote().unary(pb::UNIMPLEMENTED_METHOD).erased();
    assert_eq!(soon(call.invoke(Empty {})).await.err().unwrap().code(), Code::Unimplemented);
}

pub(crate) async fn unimplemented_service(target: &Target) {
    let call: BoxEndpoint<Empty, Empty> = target.remote().unary(pb::UNIMPLEMENTED_SERVICE).erased();
    assert_eq!(soon(call.invoke(Empty {})).await.err().unwrap().code(), Code::Unimplemented);
}

/// The call is given up when its metadata have been sent, and no message. A call is cancelled by dropping it, so that nobody is left to
/// be told a status: it is the finalizer that hears of it.
pub(crate) async fn cancel_after_begin(target: &Target) {
    let remote = target.remote();
    let ended = Events::new();
    let told = ended.clone();
    let call: BoxEndpoint<BoxStream<InputRequest>, InputResponse> = remote
        .client_streaming(pb::STREAMING_INPUT_CALL)
        .finalize(move |summary: &CallSummary| told.push(summary.ending))
        .erased();
    // The messages are asked for when the head has gone.
    let (begin, begun) = oneshot::channel();
    let mut begin = Some(begin);
    let requests = stream::poll_fn(move |_| {
        begin.take().map(|begin| begin.send(()));
        std::task::Poll::Pending
    });
    tokio::select! {
        reply = call.invoke(requests.boxed()) => panic!("the call is over: {reply:?}"),
        begun = soon(begun) => begun.unwrap(),
    }
    assert_eq!(soon(ended.wait_len(1, Duration::from_secs(10))).await, [Ending::Cancelled]);
    empty_call(&remote).await; // the channel has not suffered
}

/// The call is given up when a reply has come.
pub(crate) async fn cancel_after_first_response(target: &Target) {
    let remote = target.remote();
    let ended = Events::new();
    let told = ended.clone();
    let call: Duplex = remote
        .bidi_streaming(pb::FULL_DUPLEX_CALL)
        .with_metadata()
        .finalize(move |summary: &CallSummary| told.push((summary.ending, summary.messages)))
        .erased();
    let (send, requests) = requests();
    send.send(ping(REQUESTS[0], REPLIES[0])).unwrap();
    let mut replies = soon(call.invoke(requests)).await.unwrap().into_parts().0;
    assert_zeros(soon(replies.next()).await.unwrap().unwrap().payload, REPLIES[0]);
    assert!(ended.is_empty());
    drop(replies);
    assert_eq!(soon(ended.wait_len(1, Duration::from_secs(10))).await, [(Ending::Cancelled, 1)]);
    soon(send.closed()).await; // nobody asks for messages any more
    empty_call(&remote).await;
}

/// A millisecond is over before anything has come, and often before anything has gone; a longer time is over when the call is under way.
pub(crate) async fn timeout_on_sleeping_server(target: &Target) {
    let remote = target.remote();
    let sleeping = async |time| {
        let mut context = Context::new();
        context.shorten_deadline_within(time);
        let (send, requests) = requests();
        send.send(OutputRequest { payload: Some(Payload::zeros(27182)), ..OutputRequest::default() }).unwrap();
        let error = failure(full_duplex(&remote).oneshot(Request::with_context(context, requests))).await;
        soon(send.closed()).await; // nobody asks for messages any more
        error
    };
    // The first one makes the connection, and the others find it.
    for time in [1, 1, 1, 1, 1, 1, 1, 1, 100] {
        let error = sleeping(Duration::from_millis(time)).await;
        assert_eq!(error.code(), Code::DeadlineExceeded, "after {time} ms: {error:?}");
        assert!(time == 1 || error.get::<NotSent>().is_none(), "{error:?}");
    }
}

/// Replies come no sooner than they are asked to.
pub(crate) async fn observed_intervals(target: &Target) {
    let call: BoxEndpoint<OutputRequest, BoxStream<OutputResponse>> =
        target.remote().server_streaming(pb::STREAMING_OUTPUT_CALL).erased();
    let parameters = [0, 20_000, 30_000].map(|interval_us| ResponseParameters { interval_us, ..sized(9) });
    let started = Instant::now();
    let request = OutputRequest { response_parameters: parameters.into(), ..OutputRequest::default() };
    let mut replies = soon(call.invoke(request)).await.unwrap();
    for least in [0, 20, 50] {
        assert_zeros(soon(replies.next()).await.unwrap().unwrap().payload, 9);
        assert!(started.elapsed() >= Duration::from_millis(least));
    }
    assert!(soon(replies.next()).await.is_none());
}

/// Calls one after another, over one channel.
pub(crate) async fn rpc_soak(target: &Target) {
    let remote = target.remote();
    for _ in 0..10 {
        large_call(&remote).await;
    }
}

/// Each call over a channel of its own.
pub(crate) async fn channel_soak(target: &Target) {
    for _ in 0..10 {
        large_call(&target.remote()).await;
    }
}

/// Many at once, over one channel.
pub(crate) async fn concurrent_large_unary(target: &Target) {
    let remote = target.remote();
    future::join_all((0..50).map(|_| large_call(&remote))).await;
}

/// The load of a call stands in its trailers.
pub(crate) async fn orca_per_rpc(target: &Target) {
    let load =
        TestLoad { request_cost: HashMap::from([("cost".to_owned(), 3456.32)]), ..load(0.8210, 0.5847, 0.30499) };
    let request = SimpleRequest { orca_per_query_report: Some(load.clone()), ..SimpleRequest::default() };
    let (_, _, trailers, _) = soon(unary_call(&target.remote()).invoke(request)).await.unwrap().into_parts();
    let report = STANDARD_NO_PAD.decode(trailers.get(LOAD).unwrap().trim_end_matches('=')).unwrap();
    assert_eq!(LoadReport::decode(&*report).unwrap(), load.into());
}

/// The load of the server comes as a stream of its own.
pub(crate) async fn orca_oob(target: &Target) {
    let remote = target.remote();
    let metrics: BoxEndpoint<LoadReportRequest, BoxStream<LoadReport>> =
        remote.server_streaming(pb::STREAM_CORE_METRICS).erased();
    let every = pb::Duration { seconds: 0, nanos: 50_000_000 };
    let mut reports = soon(metrics.invoke(LoadReportRequest { report_interval: Some(every) })).await.unwrap();

    let (send, requests) = requests();
    let loads = [load(0.8210, 0.5847, 0.30499), load(0.29309, 0.2, 0.2039)];
    let tell = |load: &TestLoad| {
        send.send(OutputRequest { orca_oob_report: Some(load.clone()), ..ping(0, 1) }).unwrap();
    };
    tell(&loads[0]);
    let mut replies = soon(full_duplex(&remote).invoke(requests)).await.unwrap().into_parts().0;
    for (index, load) in loads.iter().enumerate() {
        if index > 0 {
            tell(load);
        }
        soon(replies.next()).await.unwrap().unwrap();
        let expected = LoadReport::from(load.clone());
        soon(async { while reports.next().await.unwrap().unwrap() != expected {} }).await;
    }
    drop(send);
    assert!(soon(replies.next()).await.is_none());
}

fn load(cpu_utilization: f64, memory_utilization: f64, util: f64) -> TestLoad {
    let utilization = HashMap::from([("util".to_owned(), util)]);
    TestLoad { cpu_utilization, memory_utilization, request_cost: HashMap::new(), utilization }
}

fn unary_call(remote: &Channel) -> BoxEndpoint<SimpleRequest, WithMetadata<SimpleResponse>> {
    remote.unary(pb::UNARY_CALL).with_metadata().erased()
}

fn full_duplex(remote: &Channel) -> Duplex {
    remote.bidi_streaming(pb::FULL_DUPLEX_CALL).with_metadata().erased()
}

pub(crate) fn large() -> SimpleRequest {
    SimpleRequest { response_size: 314_159, payload: Some(Payload::zeros(271_828)), ..SimpleRequest::default() }
}

fn ping(request: usize, reply: usize) -> OutputRequest {
    OutputRequest {
        response_parameters: vec![sized(reply)],
        payload: Some(Payload::zeros(request)),
        ..OutputRequest::default()
    }
}

fn sized(size: usize) -> ResponseParameters {
    ResponseParameters { size: size.try_into().unwrap(), ..ResponseParameters::default() }
}

fn binary(bytes: &[u8]) -> HeaderValue {
    HeaderValue::try_from(STANDARD_NO_PAD.encode(bytes)).unwrap()
}

/// A stream of messages, and what they are put into.
fn requests() -> (mpsc::UnboundedSender<OutputRequest>, BoxStream<OutputRequest>) {
    let (send, mut receive) = mpsc::unbounded_channel();
    (send, stream::poll_fn(move |cx| receive.poll_recv(cx).map(|request| request.map(Ok))).boxed())
}

async fn collected<T>(replies: BoxStream<T>) -> Vec<T> {
    soon(replies.try_collect()).await.unwrap()
}

/// How a call fails that answers with a stream: before there is one, or at its end.
async fn failure(call: impl Future<Output = Result<WithMetadata<BoxStream<OutputResponse>>, Error>>) -> Error {
    match soon(call).await {
        Ok(reply) => {
            let replies: Vec<_> = soon(reply.into_parts().0.collect()).await;
            assert_eq!(replies.len(), 1, "{replies:?}");
            replies.into_iter().next().unwrap().unwrap_err()
        }
        Err(error) => error,
    }
}

pub(crate) fn assert_zeros(payload: Option<Payload>, size: usize) {
    let Payload { r#type, body } = payload.unwrap();
    assert_eq!((r#type, body.len()), (0, size));
    assert!(body.iter().all(|byte| *byte == 0));
}

fn assert_sizes(replies: &[OutputResponse], sizes: &[usize]) {
    assert_eq!(replies.len(), sizes.len());
    for (reply, size) in std::iter::zip(replies, sizes) {
        assert_zeros(reply.payload.clone(), *size);
    }
}
