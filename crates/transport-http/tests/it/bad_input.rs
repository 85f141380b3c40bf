use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use towerkit_endpoint::{Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_http::codec::{Form, Json, Text};
use towerkit_transport_http::{Body, Router, Server, serve};

use crate::support::{ask, get, post, sum};

#[tokio::test]
async fn each_malformed_body_is_told_what_and_where() {
    let server = Server::json(sum());
    for (body, detail, field) in [
        (&b""[..], "the body is empty, JSON is expected", None),
        (b"{\"a\":1,", "malformed JSON at line 1 column 7: EOF while parsing a value", None),
        (b"{\"a\":1,\n\"b\" 2}", "malformed JSON at line 2 column 5: expected `:`", None),
        (b"{\"a\":1,\"b\":2}x", "malformed JSON at line 1 column 14: trailing characters", None),
        (b"{\"a\":\"\xff\",\"b\":2}", "the body is not UTF-8 at byte 6", None),
        (b"{\"a\":1}", "b: is missing", Some("b")),
        (b"{\"a\":1,\"b\":\"x\"}", "b: invalid type: string \"x\", expected i64 (at line 1 column 14)", Some("b")),
        (
            b"{\"a\":1,\"b\":1.5}",
            "b: invalid type: floating point `1.5`, expected i64 (at line 1 column 14)",
            Some("b"),
        ),
        (b"[]", "invalid length 0, expected struct Sum with 2 elements (at line 1 column 2)", None),
    ] {
        let answer = ask(&server, post("/sum", body.to_vec())).await;
        assert_eq!((answer.status, answer.detail().as_str()), (StatusCode::BAD_REQUEST, detail));
        assert_eq!(answer.json()["errors"][0]["field"].as_str(), field, "{detail}");
        assert_eq!(answer.json()["code"], "invalid_argument");
    }
}

#[tokio::test]
async fn a_field_deep_down_is_named_by_its_path() {
    #[derive(Deserialize)]
    struct Order {
        items: Vec<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        price: u32,
    }
    let server = Server::json(endpoint_fn(|order: Order| async move {
        Ok::<_, Error>(order.items.iter().map(|item| item.price).sum::<u32>())
    }));
    let answer = ask(&server, post("/", r#"{"items":[{"price":1},{"price":-1}]}"#)).await;
    assert_eq!(answer.json()["errors"][0]["field"], "items[1].price");
    let answer = ask(&server, post("/", r#"{"items":[{"price":1},{}]}"#)).await;
    assert_eq!(answer.detail(), "items[1].price: is missing");
}

#[tokio::test]
async fn what_came_from_outside_is_repeated_in_part_only() {
    let long = "x".repeat(10_000);
    let answer = ask(&Server::json(sum()), post("/", json!({ "a": long, "b": 1 }).to_string())).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.len() < 1000, "{} bytes", answer.body.len());
}

#[tokio::test]
async fn another_media_type_is_415_and_told_which_one() {
    let server = Server::json(sum());
    for (given, accepted) in [
        (Some("application/json"), true),
        (Some("Application/JSON; charset=utf-8"), true),
        (Some("application/vnd.api+json"), true),
        (Some("application/x-www-form-urlencoded"), false),
        (Some("text/plain"), false),
        (None, false),
    ] {
        let mut request = post("/sum", r#"{"a":1,"b":2}"#);
        request.headers_mut().remove("content-type");
        if let Some(given) = given {
            request.headers_mut().insert("content-type", given.parse().unwrap());
        }
        let answer = ask(&server, request).await;
        if accepted {
            assert_eq!(answer.status, StatusCode::OK, "{given:?}");
        } else {
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{given:?}");
            assert_eq!(answer.header("accept"), "application/json");
            assert!(answer.detail().starts_with("content-type: application/json is expected"));
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_whether_it_says_so_or_not() {
    let server = Server::json(sum()).request_limit(13);
    assert_eq!(ask(&server, post("/", r#"{"a":1,"b":2}"#)).await.status, StatusCode::OK);
    assert_eq!(ask(&server, post("/", r#"{"a":1,"b":22}"#)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = ask(&server, post("/", in_pieces(["{\"a\":1,", "\"b\":", "22}"]))).await;
    assert_eq!(
        (answer.status, answer.detail().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than the limit of 13 bytes")
    );
}

/// A body of pieces, whose length nobody knows.
fn in_pieces<const N: usize>(pieces: [&'static str; N]) -> Body {
    struct Pieces(std::collections::VecDeque<&'static str>);
    impl http_body::Body for Pieces {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
            std::task::Poll::Ready(self.0.pop_front().map(|piece| Ok(http_body::Frame::data(piece.into()))))
        }
    }
    Body::new(Pieces(pieces.into()))
}

#[tokio::test]
async fn a_body_in_pieces_is_read_as_one() {
    let answer = ask(&Server::json(sum()), post("/", in_pieces(["{\"a\":1,", "\"b\":", "2}"]))).await;
    assert_eq!(answer.text(), r#"{"v":3}"#);
}

#[tokio::test]
async fn another_method_is_405_and_told_which_ones() {
    let server = Server::json(sum());
    let answer = ask(&server, get("/sum")).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "POST, PUT, PATCH");
    let answer = ask(&Server::json(sum()).methods([http::Method::GET]), post("/sum", "{}")).await;
    assert_eq!(answer.header("allow"), "GET");
}

#[tokio::test]
async fn a_query_parameter_that_is_missing_or_mistyped_is_named() {
    let server = Server::query(sum());
    assert_eq!(ask(&server, get("/?a=1&b=2")).await.text(), r#"{"v":3}"#);
    assert_eq!(ask(&server, get("/?a=1")).await.detail(), "b: is missing");
    assert_eq!(ask(&server, get("/")).await.detail(), "a: is missing");
    let answer = ask(&server, get("/?a=1&b=two")).await;
    assert_eq!(
        (answer.status, answer.detail().as_str()),
        (StatusCode::BAD_REQUEST, "b: invalid digit found in string")
    );
}

#[tokio::test]
async fn a_form_is_read_and_its_fields_are_named() {
    let server = Server::new(sum(), Form, Json);
    let form = |body: &'static str| {
        Request::post("/").header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap()
    };
    assert_eq!(ask(&server, form("a=1&b=2")).await.text(), r#"{"v":3}"#);
    assert_eq!(ask(&server, form("a=1&b=x")).await.detail(), "b: invalid digit found in string");
    assert_eq!(ask(&server, post("/", "{}")).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn text_that_is_not_utf8_is_400_and_told_where() {
    let echo = endpoint_fn(|text: String| async move { Ok::<_, Error>(text) });
    let answer = ask(&Server::new(echo, Text, Text), post("/", b"ab\xff".to_vec())).await;
    assert_eq!((answer.status, answer.detail().as_str()), (StatusCode::BAD_REQUEST, "the body is not UTF-8 at byte 2"));
}

#[tokio::test]
async fn a_timeout_header_that_is_none_is_400_and_names_the_header() {
    let mut request = post("/", r#"{"a":1,"b":2}"#);
    request.headers_mut().insert("towerkit-timeout", "soon".parse().unwrap());
    let answer = ask(&Server::json(sum()), request).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["errors"][0]["field"], "towerkit-timeout");
}

#[tokio::test]
async fn a_body_that_ends_before_its_time_is_answered_with_400() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (lifeline, _stopper) = Lifeline::detached();
    tokio::spawn(serve(listener, Router::new().post("/sum", Server::json(sum()))).run(lifeline));

    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        "POST /sum HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"a\":1";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("the body ended before its time"), "{answer}");
}
