//! gRPC-Web, by tonic-web in front of the routes.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use tonic_web::GrpcWebLayer;
use tower::ServiceBuilder;
use tower_service::Service as _;
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_grpc::serve;
use towerkit_transport_http::{Body, Pool};

use crate::raw::frame;
use crate::site::Texts;

async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/test.Texts/Shout", listener.local_addr().unwrap());
    let service = ServiceBuilder::new().layer(GrpcWebLayer::new()).service(Texts::new().routes());
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(async move {
        let _stopper = stopper;
        serve(listener, service).run(lifeline).await
    });
    url
}

async fn ask(pool: &mut Pool, url: &str, kind: &str, message: &[u8]) -> (StatusCode, Bytes) {
    let request = Request::post(url).header("content-type", kind).header("accept", kind);
    let request = request.body(Body::new(Full::new(Bytes::copy_from_slice(message)))).unwrap();
    let response = pool.call(request).await.unwrap();
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn a_browser_calls_over_http1_and_finds_the_status_in_the_body() {
    let url = start().await;
    let (status, body) = ask(&mut Pool::new(), &url, "application/grpc-web+proto", &frame(0, b"\x0a\x01a")).await;
    assert_eq!(status, 200);
    // The message, and then the trailers in a frame of their own.
    let (message, trailers) = body.split_at(8);
    assert_eq!(message, frame(0, b"\x0a\x01A"));
    assert_eq!(trailers[0], 0x80);
    assert!(String::from_utf8_lossy(trailers).contains("grpc-status:0"), "{trailers:?}");
}

#[tokio::test]
async fn a_failed_call_of_a_browser_is_told_its_code() {
    let url = start().await;
    let request = Request::post(&url).header("content-type", "application/grpc-web+proto");
    let request = request.body(Body::new(Full::new(Bytes::from(frame(0, b""))))).unwrap();
    let response = Pool::new().call(request).await.unwrap();
    let status = response.headers().get("grpc-status").cloned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(status.is_some_and(|status| status == "3") || String::from_utf8_lossy(&body).contains("grpc-status:3"));
}

#[tokio::test]
async fn plain_grpc_passes_beside_it() {
    let url = start().await;
    let mut pool = Pool::builder().http2().build();
    let (status, body) = ask(&mut pool, &url, "application/grpc", &frame(0, b"\x0a\x01a")).await;
    assert_eq!((status.as_u16(), body), (200, frame(0, b"\x0a\x01A").into()));
}
