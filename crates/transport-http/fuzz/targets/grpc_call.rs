//! A call of gRPC of any form, in any pieces, is answered with a status, and never as our own failure.

#![no_main]

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderValue, Request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use libfuzzer_sys::fuzz_target;
use tower::ServiceExt;
use towerkit_endpoint::{BoxStream, Error, endpoint_fn};
use towerkit_transport_grpc::{Method, Routes, Server};
use towerkit_transport_http::Body;

#[derive(Clone, PartialEq, prost::Message)]
struct Order {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, repeated, tag = "2")]
    amounts: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    parts: Vec<Order>,
}

const ONE: Method<Order, Order> = Method::new("/fuzz.Fuzz/One");
const MANY: Method<Order, Order> = Method::new("/fuzz.Fuzz/Many");

fuzz_target!(|data: &[u8]| {
    let one = endpoint_fn(|order: Order| async { Ok::<_, Error>(order) });
    let many = endpoint_fn(|orders: BoxStream<Order>| async { Ok::<_, Error>(orders.map(|order| order)) });
    let routes = Routes::new()
        .unary(ONE, Server::new(one).request_limit(1000))
        .bidi_streaming(MANY, Server::new(many).request_limit(1000));

    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (timeout, encoding, size) = (next(), next(), next());
    let body = next();
    for path in [ONE.path(), MANY.path()] {
        let mut request = Request::post(path).header("content-type", "application/grpc");
        for (name, value) in [("grpc-timeout", timeout), ("grpc-encoding", encoding)] {
            if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_bytes(value)) {
                request = request.header(name, value);
            }
        }
        let pieces: Vec<_> = body
            .chunks(1 + size.len())
            .map(|piece| Ok::<_, Error>(Frame::data(Bytes::copy_from_slice(piece))))
            .collect();
        let request = request.body(Body::new(StreamBody::new(stream::iter(pieces)))).unwrap();
        let response = routes.clone().oneshot(request).now_or_never().expect("nothing waits").unwrap();
        assert_eq!(response.status(), 200);
        let head = response.headers().get("grpc-status").cloned();
        let body = response.into_body().collect().now_or_never().expect("nothing waits").unwrap();
        let status = head.or_else(|| body.trailers().and_then(|trailers| trailers.get("grpc-status").cloned()));
        let status: u8 = status.expect("a status").to_str().unwrap().parse().unwrap();
        // INTERNAL is what "gRPC Compression" has for a flag without an encoding.
        let without_encoding = matches!(encoding, b"" | b"identity") || HeaderValue::from_bytes(encoding).is_err();
        assert!(matches!(status, 0 | 3 | 8 | 12) || (status == 13 && without_encoding), "{status}");
    }
});
