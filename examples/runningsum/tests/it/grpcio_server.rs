//! A server of another make, grpcio: `tests/python/server.py`.

use std::process::Stdio;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use runningsum::{Total, client, pb};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Context, Endpoint as _, Error, Request, WithMetadata};
use towerkit_testing::tool;
use towerkit_transport_grpc::{ErrorDetails, Method, PoolChannel, Remote, Status};

use crate::running::{LONG, remote};

const fn method(path: &'static str) -> Method<pb::Number, pb::Total> {
    Method::new(path)
}

struct Grpcio {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    remote: Remote<PoolChannel>,
}

impl Grpcio {
    /// None where there is no grpcio, and the test is to return.
    async fn start(test: &str) -> Option<Self> {
        let mut child = Command::new(tool::find("python_grpc", test)?)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/server.py"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = timeout(LONG, lines.next_line()).await.expect("grpcio does not start").unwrap().unwrap();
        let remote = remote(format!("127.0.0.1:{port}").parse().unwrap());
        Some(Self { _child: child, lines, remote })
    }

    fn unary(&self, path: &'static str) -> BoxEndpoint<pb::Number, pb::Total> {
        self.remote.unary(method(path)).erased()
    }

    fn server_streaming(&self, path: &'static str) -> BoxEndpoint<pb::Number, BoxStream<pb::Total>> {
        self.remote.server_streaming(method(path)).erased()
    }

    /// What a handler says next.
    async fn said(&mut self) -> String {
        timeout(LONG, self.lines.next_line()).await.expect("the handler says nothing").unwrap().unwrap()
    }
}

fn numbers<const N: usize>(values: [i64; N]) -> BoxStream<pb::Number> {
    Box::pin(stream::iter(values.map(|value| Ok(pb::Number { value }))))
}

#[tokio::test]
async fn a_unary_call_is_answered_by_grpcio() {
    let Some(grpcio) = Grpcio::start("a_unary_call_is_answered_by_grpcio").await else { return };
    let reply = grpcio.unary("/test.Kinds/Double").invoke(pb::Number { value: 21 }).await.unwrap();
    assert_eq!(reply, pb::Total { sum: 42, count: 1 });
}

#[tokio::test]
async fn grpcio_streams_its_replies() {
    let Some(grpcio) = Grpcio::start("grpcio_streams_its_replies").await else { return };
    let totals = grpcio.server_streaming("/test.Kinds/UpTo").invoke(pb::Number { value: 4 }).await.unwrap();
    let sums: Vec<_> = totals.map(|total| total.unwrap().sum).collect().await;
    assert_eq!(sums, [1, 3, 6, 10]);
}

#[tokio::test]
async fn grpcio_takes_a_stream_of_requests() {
    let Some(grpcio) = Grpcio::start("grpcio_takes_a_stream_of_requests").await else { return };
    let whole: BoxEndpoint<BoxStream<pb::Number>, pb::Total> =
        grpcio.remote.client_streaming(method("/test.Kinds/Whole")).erased();
    assert_eq!(whole.invoke(numbers([1, 2, 3])).await.unwrap(), pb::Total { sum: 6, count: 3 });
}

#[tokio::test]
async fn grpcio_answers_each_message_of_a_stream_before_the_next_one() {
    let Some(grpcio) = Grpcio::start("grpcio_answers_each_message_of_a_stream_before_the_next_one").await else {
        return;
    };
    let (sender, mut numbers) = tokio::sync::mpsc::channel(1);
    let numbers: BoxStream<i64> = Box::pin(stream::poll_fn(move |cx| numbers.poll_recv(cx)));
    // grpcio sends the headers with the first message, so that the call begins when there is one.
    sender.send(Ok(4)).await.unwrap();
    let mut totals = client(&grpcio.remote).invoke(numbers).await.unwrap();
    assert_eq!(totals.next().await.unwrap().unwrap(), Total { sum: 4, count: 1 });
    sender.send(Ok(-1)).await.unwrap();
    assert_eq!(totals.next().await.unwrap().unwrap(), Total { sum: 3, count: 2 });
    drop(sender);
    assert!(totals.next().await.is_none());
}

#[tokio::test]
async fn an_error_of_grpcio_comes_with_its_code_its_message_its_details_and_its_trailers() {
    let test = "an_error_of_grpcio_comes_with_its_code_its_message_its_details_and_its_trailers";
    let Some(grpcio) = Grpcio::start(test).await else { return };
    let error = grpcio.unary("/test.Kinds/Refuse").invoke(pb::Number { value: 7 }).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "no: ☂ 100 %"));
    let violation = &error.violations()[0];
    assert_eq!((&*violation.field, &*violation.description), ("value", "is not welcome"));
    let details: &ErrorDetails = error.get().unwrap();
    let info = details.error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.metadata["value"].as_str()), ("UNWELCOME", "7"));
    let trailers = error.get::<Status>().unwrap().metadata();
    assert_eq!(trailers.get("x-why").unwrap(), "it is so");
    assert_eq!(trailers.get_bin("x-why-bin").unwrap().to_bytes().unwrap(), &b"\x00\xff"[..]);
    assert_eq!(error.metadata().get("x-why"), None, "it is not passed on");
}

#[tokio::test]
async fn a_stream_of_grpcio_that_fails_brings_what_came_and_then_the_error() {
    let test = "a_stream_of_grpcio_that_fails_brings_what_came_and_then_the_error";
    let Some(grpcio) = Grpcio::start(test).await else { return };
    let mut totals = grpcio.server_streaming("/test.Kinds/Broken").invoke(pb::Number::default()).await.unwrap();
    assert_eq!(totals.next().await.unwrap().unwrap().sum, 1);
    let error = totals.next().await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Aborted, "enough"));
    assert!(totals.next().await.is_none());
}

#[tokio::test]
async fn metadata_go_to_a_handler_of_grpcio_and_headers_and_trailers_come_back() {
    let test = "metadata_go_to_a_handler_of_grpcio_and_headers_and_trailers_come_back";
    let Some(grpcio) = Grpcio::start(test).await else { return };
    let double: BoxEndpoint<pb::Number, WithMetadata<pb::Total>> =
        grpcio.remote.unary(method("/test.Kinds/Double")).with_metadata().erased();
    let mut context = Context::new();
    context.metadata_mut().set("x-caller", "ada").unwrap();
    let reply = double.invoke(Request::with_context(context, pb::Number { value: 1 })).await.unwrap();
    let (total, headers, trailers, _) = reply.into_parts();
    assert_eq!(total.sum, 2);
    assert_eq!(headers.get("x-head"), Some("ada"));
    assert_eq!(trailers.get("x-tail-bin"), Some("AP8"), "as it is on the wire");
}

#[tokio::test]
async fn a_deadline_that_passes_at_grpcio_is_its_status() {
    let Some(grpcio) = Grpcio::start("a_deadline_that_passes_at_grpcio_is_its_status").await else { return };
    let error = grpcio.unary("/test.Kinds/Late").invoke(pb::Number::default()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::DeadlineExceeded, "the server's own time is over"));
}

#[tokio::test]
async fn a_handler_of_grpcio_is_told_the_deadline_and_sees_that_it_has_passed() {
    let test = "a_handler_of_grpcio_is_told_the_deadline_and_sees_that_it_has_passed";
    let Some(mut grpcio) = Grpcio::start(test).await else { return };
    let mut context = Context::new();
    context.shorten_deadline_within(Duration::from_secs(2));
    let call = Request::with_context(context, pb::Number { value: 2 });
    let error = grpcio.unary("/test.Kinds/Wait").invoke(call).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(grpcio.said().await, "in time");
    assert_eq!(grpcio.said().await, "given up");
}

#[tokio::test]
async fn a_handler_of_grpcio_sees_that_our_future_was_dropped() {
    let Some(mut grpcio) = Grpcio::start("a_handler_of_grpcio_sees_that_our_future_was_dropped").await else { return };
    let wait: BoxEndpoint<pb::Number, pb::Total> =
        grpcio.remote.unary(method("/test.Kinds/Wait")).timeout(Duration::MAX).erased();
    let call = tokio::spawn(wait.invoke(pb::Number::default()));
    assert_eq!(grpcio.said().await, "without end");
    call.abort();
    assert_eq!(grpcio.said().await, "given up");
}

#[tokio::test]
async fn a_handler_of_grpcio_sees_that_our_stream_was_dropped() {
    let Some(mut grpcio) = Grpcio::start("a_handler_of_grpcio_sees_that_our_stream_was_dropped").await else { return };
    let mut totals = grpcio.server_streaming("/test.Kinds/WaitStream").invoke(pb::Number::default()).await.unwrap();
    assert_eq!(totals.next().await.unwrap().unwrap().sum, 1);
    assert_eq!(grpcio.said().await, "without end");
    drop(totals);
    assert_eq!(grpcio.said().await, "given up");
}

#[tokio::test]
async fn a_stream_of_requests_that_fails_ends_the_call_with_its_error_and_grpcio_gets_no_good_end() {
    let test = "a_stream_of_requests_that_fails_ends_the_call_with_its_error_and_grpcio_gets_no_good_end";
    let Some(mut grpcio) = Grpcio::start(test).await else { return };
    let whole: BoxEndpoint<BoxStream<pb::Number>, pb::Total> =
        grpcio.remote.client_streaming(method("/test.Kinds/Whole")).erased();
    let (sender, mut numbers) = tokio::sync::mpsc::channel(1);
    let numbers: BoxStream<pb::Number> = Box::pin(stream::poll_fn(move |cx| numbers.poll_recv(cx)));
    let mut context = Context::new();
    context.metadata_mut().set("x-fails", "1").unwrap();
    let call = tokio::spawn(whole.invoke(Request::with_context(context, numbers)));
    sender.send(Ok(pb::Number { value: 1 })).await.unwrap();
    assert_eq!(grpcio.said().await, "number 1");
    sender.send(Err(Error::new(Code::DataLoss, "the file ended"))).await.unwrap();
    assert_eq!(grpcio.said().await, "no good end");
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::DataLoss, "the file ended"));
}

#[tokio::test]
async fn our_client_asks_grpcio_for_its_health() {
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

    const CHECK: Method<HealthCheckRequest, HealthCheckResponse> = Method::new("/grpc.health.v1.Health/Check");
    const WATCH: Method<HealthCheckRequest, HealthCheckResponse> = Method::new("/grpc.health.v1.Health/Watch");

    let Some(grpcio) = Grpcio::start("our_client_asks_grpcio_for_its_health").await else { return };
    let check: BoxEndpoint<HealthCheckRequest, HealthCheckResponse> = grpcio.remote.unary(CHECK).erased();
    let watch: BoxEndpoint<HealthCheckRequest, BoxStream<HealthCheckResponse>> =
        grpcio.remote.server_streaming(WATCH).erased();
    for (service, status) in [("", ServingStatus::Serving), ("runningsum.RunningSum", ServingStatus::NotServing)] {
        let request = HealthCheckRequest { service: service.to_owned() };
        assert_eq!(check.invoke(request.clone()).await.unwrap().status(), status);
        let mut changes = watch.invoke(request).await.unwrap();
        assert_eq!(timeout(LONG, changes.next()).await.unwrap().unwrap().unwrap().status(), status);
    }
    let unknown = check.invoke(HealthCheckRequest { service: "nothing".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn our_client_lists_and_describes_what_grpcio_serves() {
    use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1alpha::{ServerReflectionRequest, ServerReflectionResponse};

    const INFO: Method<ServerReflectionRequest, ServerReflectionResponse> =
        Method::new("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");

    let Some(grpcio) = Grpcio::start("our_client_lists_and_describes_what_grpcio_serves").await else { return };
    let reflection: BoxEndpoint<BoxStream<ServerReflectionRequest>, BoxStream<ServerReflectionResponse>> =
        grpcio.remote.bidi_streaming(INFO).erased();
    let questions = [
        MessageRequest::ListServices(String::new()),
        MessageRequest::FileContainingSymbol("runningsum.RunningSum".to_owned()),
    ];
    let questions: BoxStream<ServerReflectionRequest> = Box::pin(stream::iter(
        questions.map(|question| Ok(ServerReflectionRequest { host: String::new(), message_request: Some(question) })),
    ));
    let mut answers = reflection.invoke(questions).await.unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.next().await.unwrap().unwrap().message_response
    else {
        panic!("that is no list")
    };
    assert!(list.service.iter().any(|service| service.name == "runningsum.RunningSum"), "{list:?}");
    let Some(MessageResponse::FileDescriptorResponse(files)) = answers.next().await.unwrap().unwrap().message_response
    else {
        panic!("that is no description")
    };
    let described = String::from_utf8_lossy(&files.file_descriptor_proto[0]).into_owned();
    assert!(described.contains("RunningSum") && described.contains("Number"), "{described}");
    assert!(answers.next().await.is_none());
}
