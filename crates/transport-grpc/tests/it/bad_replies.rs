//! What a service gets wrong: each is an error with a code, and none a panic.

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tower::service_fn;
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Endpoint, Error, NotSent};
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::Body;

use crate::raw::frame;
use crate::site::{COUNT, Number, SHOUT, Text};

/// What a made-up service answers.
#[derive(Clone, Default)]
struct Reply {
    http: u16,
    headers: Vec<(&'static str, &'static str)>,
    frames: Vec<Vec<u8>>,
    trailers: Option<Vec<(&'static str, &'static str)>>,
}

fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
}

impl Reply {
    fn good(frames: Vec<Vec<u8>>, trailers: &[(&'static str, &'static str)]) -> Self {
        let headers = vec![("content-type", "application/grpc")];
        Self { http: 200, headers, frames, trailers: Some(trailers.to_vec()) }
    }

    fn response(self) -> Response<Body> {
        let data = self.frames.into_iter().map(|frame| Ok::<_, std::io::Error>(Frame::data(Bytes::from(frame))));
        let trailers = self.trailers.map(|trailers| Ok(Frame::trailers(map(&trailers))));
        let frames: Vec<_> = data.chain(trailers).collect();
        let mut response = Response::new(Body::new(StreamBody::new(futures_util::stream::iter(frames))));
        *response.status_mut() = self.http.try_into().unwrap();
        *response.headers_mut() = map(&self.headers);
        response
    }
}

/// A call of one message, and one of a stream, that are answered so.
async fn told(reply: Reply) -> [Error; 2] {
    let remote = Remote::over(service_fn(move |_: Request<tonic::body::Body>| {
        let response = reply.clone().response();
        async { Ok::<_, std::io::Error>(response) }
    }));
    let shout: BoxEndpoint<Text, Text> = remote.unary(SHOUT).reply_limit(1000).erased();
    let count: BoxEndpoint<Number, BoxStream<Number>> = remote.server_streaming(COUNT).reply_limit(1000).erased();
    let stream = match count.invoke(Number { n: 1 }).await {
        Ok(numbers) => numbers.filter_map(|number| async { number.err() }).collect::<Vec<_>>().await.pop().unwrap(),
        Err(error) => error,
    };
    [shout.invoke(Text::from("a")).await.unwrap_err(), stream]
}

#[tokio::test]
async fn a_reply_of_http_alone_is_told_by_its_status() {
    for (http, code) in [
        (400, Code::Internal),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (404, Code::Unimplemented),
        (429, Code::Unavailable),
        (502, Code::Unavailable),
        (503, Code::Unavailable),
        (504, Code::Unavailable),
        (500, Code::Unknown),
        (302, Code::Unknown),
        (204, Code::Unknown),
    ] {
        for error in told(Reply { http, headers: vec![("content-type", "text/html")], ..Reply::default() }).await {
            assert_eq!(error.code(), code, "{http}");
            assert!(error.message().contains(&http.to_string()), "{}", error.message());
        }
    }
}

#[tokio::test]
async fn a_status_of_grpc_goes_before_the_status_of_http() {
    let headers = vec![("grpc-status", "5"), ("grpc-message", "no such profile")];
    for error in told(Reply { http: 503, headers, ..Reply::default() }).await {
        assert_eq!((error.code(), error.message()), (Code::NotFound, "no such profile"));
    }
}

#[tokio::test]
async fn a_good_reply_of_another_media_type_is_unknown() {
    let reply = Reply { http: 200, headers: vec![("content-type", "text/html")], ..Reply::default() };
    for error in told(reply).await {
        assert_eq!(error.code(), Code::Unknown);
    }
}

#[tokio::test]
async fn a_reply_without_a_status_is_no_success() {
    let mut without = Reply::good(vec![frame(0, b"")], &[]);
    let [unary, stream] = told(without.clone()).await;
    assert_eq!((unary.code(), stream.code()), (Code::Unknown, Code::Unknown));
    without.trailers = None;
    let [unary, stream] = told(without).await;
    assert_eq!((unary.code(), stream.code()), (Code::Unknown, Code::Unknown));
}

#[tokio::test]
async fn a_status_that_can_not_be_read_is_no_success() {
    for status in ["", "00", "17", "ok", "-1", "4294967296"] {
        for error in told(Reply::good(vec![frame(0, b"")], &[("grpc-status", status)])).await {
            assert_eq!(error.code(), Code::Unknown, "{status:?}");
        }
    }
}

#[tokio::test]
async fn details_that_can_not_be_read_are_left_out() {
    for details in ["***", "AAAA", "/////w", "CgAA="] {
        let trailers = [("grpc-status", "3"), ("grpc-message", "%"), ("grpc-status-details-bin", details)];
        for error in told(Reply::good(vec![], &trailers)).await {
            assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "%"));
            assert!(error.violations().is_empty());
        }
    }
}

#[tokio::test]
async fn a_message_that_can_not_be_read_is_internal() {
    for bad in [frame(0, b"\xff\xff"), frame(1, b""), frame(9, b""), vec![0, 0, 0, 0, 9, 1]] {
        for error in told(Reply::good(vec![bad], &[("grpc-status", "0")])).await {
            assert_eq!(error.code(), Code::Internal);
        }
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused() {
    for error in told(Reply::good(vec![frame(0, &[0; 1001])], &[("grpc-status", "0")])).await {
        assert_eq!(error.code(), Code::ResourceExhausted);
    }
}

#[tokio::test]
async fn none_or_two_messages_where_one_is_asked_for_are_unimplemented() {
    let remote = |reply: Reply| {
        let remote = Remote::over(service_fn(move |_: Request<tonic::body::Body>| {
            let response = reply.clone().response();
            async { Ok::<_, std::io::Error>(response) }
        }));
        remote.unary::<_, _, _, Text, Text>(SHOUT).erased()
    };
    for frames in [vec![], vec![frame(0, b""), frame(0, b"")]] {
        let error = remote(Reply::good(frames, &[("grpc-status", "0")])).invoke(Text::from("a")).await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
    }
    // A failed call has its own word, whatever came before it.
    let failed = Reply::good(vec![frame(0, b"")], &[("grpc-status", "10")]);
    assert_eq!(remote(failed).invoke(Text::from("a")).await.unwrap_err().code(), Code::Aborted);
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let pool = towerkit_transport_http::Pool::builder().http2().build();
    let shout: BoxEndpoint<Text, Text> = Remote::new(&pool, &url).unwrap().unary(SHOUT).erased();
    let error = shout.invoke(Text::from("a")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.get::<NotSent>().is_some());
}
