use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, WithMetadata, endpoint_fn};
use towerkit_transport_http::codec::{
    Draft, Empty, Form, Headers, Json, Path, Query, Raw, Text, decode_response_fn, encode_request_fn,
};
use towerkit_transport_http::{Body, Remote, Router, Server};

use crate::support::{Origin, Sum, Total, answering, reply};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Id {
    id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tenant {
    #[serde(rename = "x-tenant")]
    tenant: String,
}

#[tokio::test]
async fn client_and_server_with_the_same_codecs_understand_each_other() {
    let put = endpoint_fn(|(id, tenant, profile): (Id, Tenant, Profile)| async move {
        Ok::<_, Error>(format!("{} {} {}", id.id, tenant.tenant, profile.name))
    });
    let routes = Router::new().put("/p/{id}", Server::new(put, (Path, Headers, Json), Json));
    let remote = Remote::over(routes, "http://here").unwrap();
    let put: BoxEndpoint<(Id, Tenant, Profile), String> =
        remote.put("/p/{id}").codecs((Path, Headers, Json), Json).erased();
    let message = (Id { id: "a/b ü".into() }, Tenant { tenant: "blue".into() }, Profile { name: "Ada".into() });
    assert_eq!(put.invoke(message).await.unwrap(), "a/b ü blue Ada");
}

#[tokio::test]
async fn an_error_of_a_towerkit_server_comes_through_whole() {
    let fail = endpoint_fn(|_: Sum| async { Err::<Total, _>(Error::invalid("a", "is odd")) });
    let routes = Router::new().post("/sum", Server::json(fail));
    let sum: BoxEndpoint<Sum, Total> = Remote::over(routes, "http://here").unwrap().post("/sum").json().erased();
    let error = sum.invoke(Sum { a: 1, b: 2 }).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "a: is odd"));
    assert_eq!((&*error.violations()[0].field, &*error.violations()[0].description), ("a", "is odd"));
}

#[tokio::test]
async fn json_is_written_and_read_under_a_name() {
    let origin = answering(200, &[("content-type", "application/json")], r#"{"at":[1],"total":{"v":3}}"#).await;
    let sum: BoxEndpoint<Sum, Total> =
        origin.remote().post("/sum").codecs(Json.under("sum"), Json.under("total")).erased();
    assert_eq!(sum.invoke(Sum { a: 1, b: 2 }).await.unwrap().v, 3);
    let seen = origin.only();
    assert_eq!(&*seen.body, br#"{"sum":{"a":1,"b":2}}"#);
    assert_eq!((&seen.headers["content-type"], &seen.headers["accept"]), (&JSON, &JSON));

    let other = answering(200, &[("content-type", "application/json")], r#"{"v":3}"#).await;
    let sum: BoxEndpoint<Sum, Total> = other.remote().post("/sum").codecs(Json, Json.under("total")).erased();
    let error = sum.invoke(Sum { a: 1, b: 2 }).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Internal, "the service's reply can't be read"));
    assert!(format!("{error:?}").contains("total: is missing"), "{error:?}");
}

const JSON: http::HeaderValue = http::HeaderValue::from_static("application/json");

#[tokio::test]
async fn a_form_is_written() {
    let origin = answering(204, &[], "").await;
    let call: BoxEndpoint<Sum, ()> = origin.remote().post("/f").codecs(Form, Empty).erased();
    call.invoke(Sum { a: 1, b: -2 }).await.unwrap();
    let seen = origin.only();
    assert_eq!(
        (&*seen.body, &seen.headers["content-type"]),
        (&b"a=1&b=-2"[..], &"application/x-www-form-urlencoded".parse().unwrap())
    );
}

#[tokio::test]
async fn text_and_bytes_go_both_ways() {
    let origin = Origin::start(|seen| async move {
        let mut response = reply(200, &[], "");
        *response.body_mut() = http_body_util::Full::new(seen.body);
        response
    })
    .await;
    let text: BoxEndpoint<u8, String> = origin.remote().post("/").codecs(Text, Text).erased();
    assert_eq!(text.invoke(42).await.unwrap(), "42");
    let bytes: BoxEndpoint<Bytes, Bytes> =
        origin.remote().post("/").codecs(Raw::new("image/png"), Raw::default()).erased();
    assert_eq!(bytes.invoke(Bytes::from_static(b"\xff\x00")).await.unwrap(), &b"\xff\x00"[..]);
    assert_eq!(origin.seen.snapshot()[1].headers["content-type"], "image/png");
    assert!(!origin.seen.snapshot()[1].headers.contains_key("accept"));
}

#[tokio::test]
async fn text_that_is_no_utf8_is_an_error() {
    let origin = Origin::start(|_| async {
        let mut response = reply(200, &[], "");
        *response.body_mut() = http_body_util::Full::new(Bytes::from_static(b"\xff"));
        response
    })
    .await;
    let text: BoxEndpoint<(), String> = origin.remote().get("/").codecs(Empty, Text).erased();
    assert_eq!(text.invoke(()).await.unwrap_err().code(), Code::Internal);
}

#[tokio::test]
async fn a_reply_with_metadata_has_the_headers_and_the_status() {
    let headers = &[("content-type", "application/json"), ("etag", "\"7\""), ("link", "a"), ("link", "b")];
    let origin = answering(201, headers, r#"{"v":3}"#).await;
    let sum: BoxEndpoint<Sum, WithMetadata<Total>> = origin.remote().post("/sum").json().erased();
    let (total, metadata, _, extensions) = sum.invoke(Sum { a: 1, b: 2 }).await.unwrap().into_parts();
    assert_eq!((total, metadata.get("etag")), (Total { v: 3 }, Some("\"7\"")));
    assert_eq!(metadata.get_all("link").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(extensions.get(), Some(&StatusCode::CREATED));
    assert_eq!(origin.only().headers["accept"], "application/json");
}

#[tokio::test]
async fn functions_write_and_read_what_no_codec_does() {
    let origin = answering(200, &[("x-count", "7")], "").await;
    let search = encode_request_fn(|words: Vec<&'static str>, draft: &mut Draft| {
        draft.path_value("lang", "en")?;
        draft.query_value("q", words.join(" "));
        draft.headers_mut().insert("x-search", "1".parse().map_err(Error::internal)?);
        Ok::<_, Error>(Body::from("body"))
    });
    let count = decode_response_fn(|parts, _, _| {
        let count = parts.headers.get("x-count").and_then(|value| value.to_str().ok()).map(str::to_owned);
        async move { count.ok_or(Code::Internal).map_err(Error::from) }
    });
    let call: BoxEndpoint<Vec<&'static str>, String> =
        origin.remote().post("/{lang}/search").codecs(search, count).erased();
    assert_eq!(call.invoke(vec!["a", "b&c"]).await.unwrap(), "7");
    let seen = origin.only();
    assert_eq!((seen.uri.to_string().as_str(), &*seen.body), ("/en/search?q=a+b%26c", &b"body"[..]));
    assert_eq!(seen.headers["x-search"], "1");
}

#[tokio::test]
async fn a_header_value_with_a_line_break_is_refused() {
    let origin = answering(204, &[], "").await;
    let call: BoxEndpoint<Tenant, ()> = origin.remote().get("/").codecs(Headers, Empty).erased();
    let error = call.invoke(Tenant { tenant: "a\r\nx-admin: 1".into() }).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn a_message_that_has_no_text_form_is_a_fault_of_the_program() {
    #[derive(Serialize)]
    struct Nested {
        inner: Sum,
    }
    let origin = answering(204, &[], "").await;
    let call: BoxEndpoint<Nested, ()> = origin.remote().get("/").codecs(Query, Empty).erased();
    let error = call.invoke(Nested { inner: Sum { a: 1, b: 2 } }).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn a_message_may_not_set_the_headers_of_the_connection() {
    let origin = answering(204, &[], "").await;
    for name in ["host", "Transfer-Encoding", "content-length", "connection"] {
        let call: BoxEndpoint<Vec<(&str, &str)>, ()> = origin.remote().get("/").codecs(Headers, Empty).erased();
        let error = call.invoke(vec![(name, "chunked")]).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{name}");
    }
    assert_eq!(origin.connections(), 0);
}
