use http::{HeaderMap, Version};
use towerkit_endpoint::{BoxEndpoint, Context, Endpoint, Request};
use towerkit_transport_http::{Pool, Remote};

use crate::support::{Origin, Sum, Total, answering, raw, read_request, sum_of, total};
use tokio::io::AsyncWriteExt;

async fn call(remote: &Remote<Pool>, metadata: &[(&str, &str)]) {
    let mut context = Context::new();
    for (name, value) in metadata {
        context.metadata_mut().append(name.parse().unwrap(), value.parse().unwrap());
    }
    sum_of(remote).invoke(Request::with_context(context, Sum { a: 1, b: 2 })).await.unwrap();
}

async fn headers_of(metadata: &[(&str, &str)]) -> HeaderMap {
    let origin = Origin::start(|_| async { total() }).await;
    call(&origin.remote(), metadata).await;
    origin.only().headers
}

#[tokio::test]
async fn a_call_sends_json_with_its_length_and_reads_json() {
    let origin = Origin::start(|_| async { total() }).await;
    let reply = sum_of(&origin.remote()).invoke(Sum { a: 1, b: 2 }).await.unwrap();
    assert_eq!(reply, Total { v: 3 });
    let seen = origin.only();
    assert_eq!((seen.method.as_str(), seen.uri.path(), &*seen.body), ("POST", "/sum", &br#"{"a":1,"b":2}"#[..]));
    assert_eq!(seen.version, Version::HTTP_11);
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["content-length"], "13");
    assert_eq!(seen.headers["accept"], "application/json");
    assert_eq!(seen.headers["user-agent"], concat!("towerkit/", env!("CARGO_PKG_VERSION")));
    assert!(!seen.headers.contains_key("transfer-encoding"));
}

#[tokio::test]
async fn an_empty_post_says_that_it_is_empty() {
    let remote = raw(|mut stream| async move {
        let head = read_request(&mut stream).await.to_ascii_lowercase();
        let status = if head.matches("content-length: 0\r\n").count() == 1 { 204 } else { 400 };
        stream.write_all(format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
    })
    .await;
    let poke: BoxEndpoint<(), ()> = remote.post("/poke").empty().erased();
    poke.invoke(()).await.unwrap();
}

#[tokio::test]
async fn an_empty_get_has_no_length() {
    let origin = answering(204, &[], "").await;
    let peek: BoxEndpoint<(), ()> = origin.remote().get("/peek").empty().erased();
    peek.invoke(()).await.unwrap();
    assert!(!origin.only().headers.contains_key("content-length"));
}

#[tokio::test]
async fn metadata_goes_out_as_headers_with_all_its_values() {
    let headers = headers_of(&[("x-tenant", "blue"), ("x-tenant", "green"), ("authorization", "Bearer t")]).await;
    assert_eq!(headers.get_all("x-tenant").iter().collect::<Vec<_>>(), ["blue", "green"]);
    assert_eq!(headers["authorization"], "Bearer t");
}

#[tokio::test]
async fn metadata_may_name_the_user_agent() {
    assert_eq!(headers_of(&[("user-agent", "curl/8")]).await["user-agent"], "curl/8");
}

#[tokio::test]
async fn headers_of_the_connection_never_come_from_metadata() {
    let headers = headers_of(&[
        ("connection", "close, X-Private"),
        ("x-private", "1"),
        ("keep-alive", "timeout=1"),
        ("proxy-authorization", "Basic x"),
        ("proxy-connection", "close"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
        ("upgrade", "h2c"),
        ("transfer-encoding", "chunked"),
        ("expect", "100-continue"),
        ("accept-encoding", "gzip"),
        ("x-kept", "1"),
    ])
    .await;
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host", "towerkit-timeout", "user-agent", "x-kept"]);
}

#[tokio::test]
async fn metadata_has_no_say_in_host_length_and_type() {
    let origin = Origin::start(|_| async { total() }).await;
    call(
        &origin.remote(),
        &[
            ("host", "elsewhere"),
            ("content-length", "9999"),
            ("content-type", "text/html"),
            ("content-encoding", "gzip"),
        ],
    )
    .await;
    let headers = origin.only().headers;
    assert_eq!(headers["host"], origin.url.strip_prefix("http://").unwrap());
    assert_eq!(headers["content-length"], "13");
    assert_eq!(headers.get_all("content-type").iter().collect::<Vec<_>>(), ["application/json"]);
    assert!(!headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn a_timeout_header_in_metadata_is_replaced_by_the_clients_own() {
    let headers = headers_of(&[("towerkit-timeout", "9H")]).await;
    let values: Vec<_> = headers.get_all("towerkit-timeout").iter().collect();
    assert_eq!(values.len(), 1);
    assert_ne!(values[0], "9H");
}
