use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde::Deserialize;
use towerkit_endpoint::{Endpoint, Error, WithMetadata, endpoint_fn};
use towerkit_transport_http::codec::{Empty, Headers, Json, Path, Query, Raw, Text, decode_fn, encode_fn};
use towerkit_transport_http::{Body, Router, Server};

use crate::support::{Total, ask, get, post};

#[tokio::test]
async fn a_reply_with_metadata_sends_its_status_and_its_headers() {
    // No type is written here: that the reply has metadata is inferred.
    let create = endpoint_fn(|()| async {
        Ok::<_, Error>(
            WithMetadata::new(Total { v: 7 })
                .with_metadata(header::LOCATION, HeaderValue::from_static("/totals/7"))
                .with_trailer(header::ETAG, HeaderValue::from_static("\"7\""))
                .with_extension(StatusCode::CREATED),
        )
    });
    for answer in [
        ask(&Server::new(create, Empty, Json), get("/")).await,
        ask(&Server::new(create.erased(), Empty, Json), get("/")).await,
        ask(&Router::new().get("/", Server::new(create, Empty, Json)), get("/")).await,
    ] {
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!((answer.header("location"), answer.header("etag")), ("/totals/7", "\"7\""));
        assert_eq!(answer.text(), r#"{"v":7}"#);
    }
}

#[tokio::test]
async fn a_status_without_content_has_no_body() {
    let unchanged =
        endpoint_fn(|()| async { Ok::<_, Error>(WithMetadata::new("text").with_extension(StatusCode::NOT_MODIFIED)) });
    let answer = ask(&Server::new(unchanged, Empty, Json), get("/")).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(answer.header("content-type"), "");

    let nothing = endpoint_fn(|()| async { Ok::<_, Error>(()) });
    assert_eq!(ask(&Server::new(nothing, Empty, Empty), get("/")).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_replys_own_content_type_takes_the_place_of_the_writers() {
    let page = endpoint_fn(|()| async {
        let media_type = HeaderValue::from_static("image/svg+xml");
        Ok::<_, Error>(WithMetadata::new("<svg/>").with_metadata(header::CONTENT_TYPE, media_type))
    });
    let answer = ask(&Server::new(page, Empty, Raw::default()), get("/")).await;
    let types: Vec<_> = answer.headers.get_all(header::CONTENT_TYPE).iter().collect();
    assert_eq!((types, answer.text()), (vec![&HeaderValue::from_static("image/svg+xml")], "<svg/>"));
}

#[derive(Deserialize)]
struct Id {
    id: u64,
}

#[derive(Deserialize)]
struct Profile {
    name: String,
}

#[derive(Deserialize)]
struct Dry {
    dry: Option<bool>,
}

#[tokio::test]
async fn path_query_and_body_are_read_side_by_side() {
    let put = endpoint_fn(|(id, dry, profile): (Id, Dry, Profile)| async move {
        Ok::<_, Error>(format!("{} {:?} {}", id.id, dry.dry, profile.name))
    });
    let router = Router::new().put("/profiles/{id}", Server::new(put, (Path, Query, Json), Text));
    let put = |path: &str| {
        Request::put(path).header("content-type", "application/json").body(Body::from(r#"{"name":"Ada"}"#)).unwrap()
    };
    assert_eq!(ask(&router, put("/profiles/7?dry=true")).await.text(), "7 Some(true) Ada");
    assert_eq!(ask(&router, put("/profiles/7")).await.text(), "7 None Ada");
    assert_eq!(ask(&router, put("/profiles/seven")).await.detail(), "id: invalid digit found in string");
}

#[tokio::test]
async fn headers_are_read_by_name() {
    #[derive(Deserialize)]
    struct Tenant {
        #[serde(rename = "x-tenant")]
        tenant: String,
    }
    let who = endpoint_fn(|tenant: Tenant| async move { Ok::<_, Error>(tenant.tenant) });
    let server = Server::new(who, Headers, Text);
    let request = Request::get("/").header("X-Tenant", "blue & green").body(Body::empty()).unwrap();
    assert_eq!(ask(&server, request).await.text(), "blue & green");
    assert_eq!(ask(&server, get("/")).await.detail(), "x-tenant: is missing");
}

#[tokio::test]
async fn bytes_go_through_as_they_are() {
    let echo = endpoint_fn(|bytes: Bytes| async move { Ok::<_, Error>(bytes) });
    let answer = ask(&Server::new(echo, Raw::default(), Raw::new("image/png")), post("/", vec![0, 255, 7])).await;
    assert_eq!((answer.header("content-type"), answer.body.as_ref()), ("image/png", &[0, 255, 7][..]));
}

#[tokio::test]
async fn a_function_reads_and_a_function_writes() {
    let length = endpoint_fn(|text: String| async move { Ok::<_, Error>(text.len()) });
    let read = decode_fn(|parts, _: Body, _| {
        let path = parts.uri.path().to_owned();
        async move { Ok::<_, Error>(path) }
    });
    let write = encode_fn(|length: usize| Ok::<_, Error>(Response::new(Body::from("#".repeat(length)))));
    assert_eq!(ask(&Server::new(length, read, write), get("/four")).await.text(), "#####");
}
