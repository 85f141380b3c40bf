use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tower::ServiceExt;
use towerkit_endpoint::{BoxError, Code, Endpoint, Error, NotSent, Request as Message};
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::{Probe, ProbeHandle, Reply};
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::Body;

use crate::raw::frame;
use crate::site::{SHOUT, Text};

type Channel = Probe<Request<tonic::body::Body>, Response<Body>, BoxError>;

fn channel() -> (Channel, ProbeHandle) {
    Probe::new(|_| {
        let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
        let frames = [Frame::data(Bytes::from(frame(0, b""))), Frame::trailers(trailers)].map(Ok::<_, BoxError>);
        let mut response = Response::new(Body::new(StreamBody::new(futures_util::stream::iter(frames))));
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
        response
    })
}

fn client(channel: Channel) -> impl Endpoint<Text, Reply = Text, Failure = Error> {
    Remote::over(channel).unary(SHOUT)
}

fn request() -> Request<tonic::body::Body> {
    Request::new(tonic::body::Body::empty())
}

#[tokio::test(start_paused = true)]
async fn the_client_keeps_the_laws_of_a_layer() {
    // The suite asks the same request type outside and inside; this passes everything else through.
    let wrap = |probe| client(probe).map_request(|_: Request<tonic::body::Body>| Message::new(Text::from("a")));
    Contract::with_probe(channel, wrap, request).clones_share_state(false).check().await;
}

#[tokio::test]
async fn a_failed_readiness_is_an_error_that_says_nothing_was_sent() {
    let (probe, handle) = channel();
    handle.fail_readiness();
    let error = client(probe).invoke(Text::from("a")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.get::<NotSent>().is_some());
}

#[tokio::test]
async fn a_failure_of_the_channel_does_not_say_that_nothing_was_sent() {
    let (probe, handle) = channel();
    handle.script([Reply::Fail]);
    let error = client(probe).invoke(Text::from("a")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.get::<NotSent>().is_none());
}

#[tokio::test]
async fn an_error_of_ours_from_below_the_client_keeps_its_code() {
    let channel = tower::service_fn(|_: Request<tonic::body::Body>| async {
        Err::<Response<Body>, BoxError>(Error::new(Code::ResourceExhausted, "circuit").into())
    });
    let call: towerkit_endpoint::BoxEndpoint<Text, Text> = Remote::over(channel).unary(SHOUT).erased();
    let error = call.invoke(Text::from("a")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::ResourceExhausted, "circuit"));
}
