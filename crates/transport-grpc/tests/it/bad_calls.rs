//! What a caller gets wrong: each is told by a code, and none is a fault of the service.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use tower_service::Service as _;
use towerkit_endpoint::Endpoint;
use towerkit_transport_grpc::{Routes, Server};
use towerkit_transport_http::{Body, Pool};

use crate::raw::{call, frame, send};
use crate::site::{SHOUT, Site, Text, Texts, both, soon};

/// `text: "a"`.
const GOOD: &[u8] = b"\x0a\x01a";

#[tokio::test]
async fn a_call_by_hand_is_answered_by_a_message_and_a_status() {
    for site in both(&Texts::new()).await {
        let answer = send(call(&site, "/test.Texts/Shout"), frame(0, GOOD)).await;
        assert_eq!(answer.http, 200);
        assert_eq!(answer.headers["content-type"], "application/grpc");
        assert_eq!(answer.body, frame(0, b"\x0a\x01A"));
        assert_eq!(answer.trailers.len(), 1, "{:?}", answer.trailers);
        assert_eq!(answer.status(), Some("0"));
    }
}

#[tokio::test]
async fn a_method_or_a_service_that_is_not_here_is_unimplemented() {
    for site in both(&Texts::new()).await {
        for path in ["/test.Texts/Whisper", "/test.Nothing/Shout", "/", "/test.Texts", "/test.Texts/Shout/"] {
            let answer = send(call(&site, path), frame(0, GOOD)).await;
            assert_eq!((answer.http.as_u16(), answer.status()), (200, Some("12")), "{path}");
            assert!(answer.body.is_empty());
        }
    }
}

#[tokio::test]
async fn another_media_type_is_told_which_one_is_spoken() {
    for site in both(&Texts::new()).await {
        for kind in ["application/json", "application/grpc-web", "text/plain"] {
            let request =
                Request::post(format!("http://{}/test.Texts/Shout", site.address)).header("content-type", kind);
            let answer = send(request, frame(0, GOOD)).await;
            assert_eq!((answer.http.as_u16(), answer.headers["accept"].to_str().unwrap()), (415, "application/grpc"));
        }
    }
}

#[tokio::test]
async fn another_method_of_http_is_told_which_one_is_allowed() {
    let site = Site::start(Texts::new().routes()).await;
    for kind in ["application/grpc", "text/plain"] {
        let request = Request::get(format!("http://{}/test.Texts/Shout", site.address)).header("content-type", kind);
        let answer = send(request, "").await;
        assert_eq!((answer.http.as_u16(), answer.headers["allow"].to_str().unwrap()), (405, "POST"));
    }
}

#[tokio::test]
async fn the_subtype_of_the_codec_is_taken_and_another_is_unimplemented() {
    let site = Site::start(Texts::new().routes()).await;
    for (kind, status) in
        [("application/grpc+proto", "0"), ("application/grpc;charset=utf-8", "0"), ("application/grpc+json", "12")]
    {
        let url = format!("http://{}/test.Texts/Shout", site.address);
        let answer = send(Request::post(url).header("content-type", kind), frame(0, GOOD)).await;
        assert_eq!(answer.status(), Some(status), "{kind}");
        assert_eq!(answer.headers["content-type"], kind);
    }
}

#[tokio::test]
async fn a_message_that_can_not_be_read_is_invalid_and_says_where() {
    let site = Site::start(Texts::new().routes()).await;
    // Field 1 as a number.
    let answer = send(call(&site, "/test.Texts/Shout"), frame(0, b"\x08\x01")).await;
    assert_eq!(answer.status(), Some("3"));
    assert!(answer.message().contains("Text.text"), "{}", answer.message());
}

#[tokio::test]
async fn a_message_that_is_cut_off_is_invalid() {
    let site = Site::start(Texts::new().routes()).await;
    for path in ["/test.Texts/Shout", "/test.Texts/Join"] {
        for cut in [&frame(0, GOOD)[..7], &b"\0\0\0"[..]] {
            assert_eq!(send(call(&site, path), cut.to_vec()).await.status(), Some("3"), "{path}");
        }
    }
}

#[tokio::test]
async fn none_or_two_messages_where_one_is_taken_are_unimplemented() {
    let site = Site::start(Texts::new().routes()).await;
    for body in [vec![], frame(0, GOOD).repeat(2)] {
        assert_eq!(send(call(&site, "/test.Texts/Shout"), body).await.status(), Some("12"));
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_by_its_header() {
    let shout = Server::new(Texts::new().shout).request_limit(100);
    let site = Site::start(Routes::new().unary(SHOUT, shout)).await;
    let good = Text::from(&*"a".repeat(98));
    assert_eq!(site.texts().shout.invoke(good).await.unwrap().text.len(), 98);
    // The header alone: the message need not come.
    let answer = send(call(&site, "/test.Texts/Shout"), b"\0\0\0\0\x65".to_vec()).await;
    assert_eq!(answer.status(), Some("8"));
    assert!(answer.message().contains("100 bytes"), "{}", answer.message());
}

#[tokio::test]
async fn a_reply_over_the_limit_is_not_sent() {
    let shout = Server::new(Texts::new().shout).reply_limit(100);
    let site = Site::start(Routes::new().unary(SHOUT, shout)).await;
    let answer = send(call(&site, "/test.Texts/Shout"), frame(0, &[b"\x0a\x63", &[b'a'; 99][..]].concat())).await;
    assert_eq!((answer.status(), answer.body.len()), (Some("8"), 0));
}

#[tokio::test]
async fn a_timeout_that_is_none_is_invalid_and_is_named() {
    for site in both(&Texts::new()).await {
        for timeout in ["", "5", "m", "123456789m", "-1S", "1 S", "1x"] {
            let answer = send(call(&site, "/test.Texts/Shout").header("grpc-timeout", timeout), frame(0, GOOD)).await;
            assert_eq!(answer.status(), Some("3"), "{timeout:?}");
            assert!(answer.message().contains("grpc-timeout"), "{}", answer.message());
        }
    }
}

#[tokio::test]
async fn an_encoding_that_is_not_known_is_answered_with_those_that_are() {
    let site = Site::start(Texts::new().routes()).await;
    let answer = send(call(&site, "/test.Texts/Shout").header("grpc-encoding", "brotli"), frame(1, GOOD)).await;
    assert_eq!(answer.status(), Some("12"));
    assert!(answer.headers["grpc-accept-encoding"].to_str().unwrap().contains("identity"));
}

#[tokio::test]
async fn a_flag_without_an_encoding_is_refused() {
    let site = Site::start(Texts::new().routes()).await;
    for (flag, status) in [(1, "13"), (2, "3"), (255, "3")] {
        assert_eq!(send(call(&site, "/test.Texts/Shout"), frame(flag, GOOD)).await.status(), Some(status), "{flag}");
    }
}

#[tokio::test]
async fn a_path_or_a_value_of_any_length_and_form_is_answered() {
    let site = Site::start(Texts::new().routes()).await;
    let long = format!("/{}/{}", "a".repeat(3000), "b".repeat(3000));
    let answer = send(call(&site, &long), frame(0, GOOD)).await;
    assert_eq!(answer.status(), Some("12"));
    assert!(answer.message().len() < 500);
    let answer = send(call(&site, "/test.Texts/Shout").header("grpc-encoding", "x".repeat(3000)), frame(1, GOOD)).await;
    assert!(answer.message().len() < 500);
}

#[tokio::test]
async fn a_call_over_http1_is_told_what_it_takes() {
    let site = Site::start(Texts::new().routes()).await;
    let request = call(&site, "/test.Texts/Shout").body(Body::from(frame(0, GOOD))).unwrap();
    let response = Pool::new().call(request).await.unwrap();
    assert_eq!(response.status(), 505);
    assert_eq!(response.into_body().read(100).await.unwrap(), "gRPC is spoken over HTTP/2\n");
}

#[tokio::test]
async fn a_single_message_that_does_not_come_to_its_end_is_waited_for_only_so_long() {
    let limit = Duration::from_millis(200);
    let site = Site::with(Texts::new().routes(), |serve| serve.body_timeout(limit, 500)).await;
    let begun =
        stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"\0\0\0")))]).chain(stream::pending());
    let request = call(&site, "/test.Texts/Shout").body(Body::new(StreamBody::new(begun))).unwrap();
    let response = soon(Pool::builder().http2().build().call(request)).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], "4");
}
