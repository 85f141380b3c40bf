//! A reply of gRPC of any form is a reply or an error.

#![no_main]

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;
use tower::service_fn;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Endpoint};
use towerkit_transport_grpc::{Method, Remote, error_of, status_of};
use towerkit_transport_http::Body;

#[derive(Clone, PartialEq, prost::Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

const ONE: Method<Text, Text> = Method::new("/fuzz.Fuzz/One");
const MANY: Method<Text, Text> = Method::new("/fuzz.Fuzz/Many");

const NAMES: [&str; 5] = ["grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-encoding", "retry-after"];

fn headers(values: &[&[u8]]) -> HeaderMap {
    let pairs = NAMES.iter().zip(values).filter(|(_, value)| !value.is_empty());
    pairs
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?)))
        .collect()
}

fuzz_target!(|data: &[u8]| {
    let parts: Vec<&[u8]> = data.splitn(12, |byte| *byte == b'\n').collect();
    let of = |range: std::ops::Range<usize>| headers(parts.get(range).unwrap_or_default());
    let (mut head, trailers) = (of(0..5), of(5..10));
    head.insert("content-type", HeaderValue::from_static("application/grpc"));
    let size = 1 + parts.get(10).map_or(0, |part| part.len());
    let body = Bytes::copy_from_slice(parts.get(11).copied().unwrap_or_default());

    let remote = Remote::over(service_fn(move |_: Request<tonic::body::Body>| {
        let pieces = body.chunks(size).map(|piece| Frame::data(Bytes::copy_from_slice(piece)));
        let frames: Vec<_> = pieces.chain([Frame::trailers(trailers.clone())]).map(Ok::<_, std::io::Error>).collect();
        let mut response = Response::new(Body::new(StreamBody::new(stream::iter(frames))));
        *response.headers_mut() = head.clone();
        async { Ok::<_, std::io::Error>(response) }
    }));
    let one: BoxEndpoint<Text, Text> = remote.unary(ONE).timeout(Duration::MAX).reply_limit(1000).erased();
    let many: BoxEndpoint<Text, BoxStream<Text>> =
        remote.server_streaming(MANY).timeout(Duration::MAX).reply_limit(1000).erased();

    if let Err(error) = one.invoke(Text::default()).now_or_never().expect("nothing waits") {
        // What it says goes over the wire once more, and is the same then.
        let again = error_of(status_of(&error));
        assert_eq!((again.code(), again.message()), (error.code(), error.message()));
        assert_eq!(again.violations(), error.violations());
    }
    if let Ok(stream) = many.invoke(Text::default()).now_or_never().expect("nothing waits") {
        let items = stream.collect::<Vec<_>>().now_or_never().expect("nothing waits");
        let errors = items.iter().filter(|item| item.is_err()).count();
        assert!(errors <= 1 && items.iter().rev().skip(1).all(Result::is_ok), "an error is the last item");
    }
});
