use std::time::Duration;

use http::{Response, StatusCode};
use http_body_util::Full;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent};
use towerkit_transport_http::{Pool, Remote};

use crate::support::{BOUND, JSON, Origin, Sum, Total, answering, closed, raw, raw_reply, read_request, sum_of};

async fn failure(remote: &Remote<Pool>) -> Error {
    timeout(BOUND, sum_of(remote).invoke(Sum { a: 1, b: 2 })).await.unwrap().unwrap_err()
}

fn has_source(error: &Error) -> bool {
    std::error::Error::source(error).is_some()
}

#[tokio::test]
async fn a_refused_connection_is_unavailable_and_says_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = failure(&Remote::new(&Pool::new(), &url).unwrap()).await;
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the service can't be reached"));
    assert!(error.get::<NotSent>().is_some());
    assert!(error.find::<std::io::Error>().is_some());
}

#[tokio::test]
async fn an_unknown_host_is_unavailable_and_says_that_nothing_was_sent() {
    // RFC 6761, section 6.4: `invalid` never resolves.
    let error = failure(&Remote::new(&Pool::new(), "http://nobody.invalid").unwrap()).await;
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.get::<NotSent>().is_some());
}

#[tokio::test]
async fn a_connection_closed_without_a_reply_may_have_been_handled() {
    let error = failure(&raw_reply("").await).await;
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the connection to the service broke"));
    assert!(error.get::<NotSent>().is_none());
    assert!(has_source(&error));
}

#[tokio::test]
async fn a_reply_that_is_no_http_is_unavailable() {
    assert_eq!(failure(&raw_reply("SSH-2.0-OpenSSH\r\n\r\n").await).await.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_unavailable() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 70\r\n\r\n{\"v\":3}";
    let error = failure(&raw_reply(reply).await).await;
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the service's reply broke off"));
    assert!(has_source(&error));
}

#[tokio::test]
async fn a_chunked_body_without_its_last_chunk_is_unavailable() {
    let reply =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"v\":3}\r\n";
    assert_eq!(failure(&raw_reply(reply).await).await.message(), "the service's reply broke off");
}

#[tokio::test]
async fn a_connection_reset_in_the_reply_is_unavailable() {
    let remote = raw(|mut stream| async move {
        read_request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 70\r\n\r\n{";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.set_zero_linger().unwrap();
    })
    .await;
    assert_eq!(failure(&remote).await.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_reply_that_announces_too_much_is_refused_unread() {
    let remote = raw(|mut stream| async move {
        read_request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        closed(&mut stream).await;
    })
    .await;
    let error = failure(&remote).await;
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.message(), "the service's reply is longer than 4194304 bytes");
}

#[tokio::test]
async fn a_reply_without_end_is_cut_at_the_limit() {
    let remote = raw(|mut stream| async move {
        read_request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    })
    .await;
    let sum: BoxEndpoint<Sum, Total> = remote.post("/sum").json().reply_limit(100_000).erased();
    let error = timeout(BOUND, sum.invoke(Sum { a: 1, b: 2 })).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn a_reply_as_long_as_the_limit_is_read() {
    let origin = answering(200, &[JSON], r#"{"v":3}"#).await;
    for (limit, read) in [(7, true), (6, false)] {
        let sum: BoxEndpoint<Sum, Total> = origin.remote().post("/sum").json().reply_limit(limit).erased();
        assert_eq!(sum.invoke(Sum { a: 1, b: 2 }).await.is_ok(), read, "{limit}");
    }
}

#[tokio::test]
async fn malformed_json_is_internal_with_the_place_in_the_source_alone() {
    let origin = answering(200, &[JSON], r#"{"v":"secret"}"#).await;
    let error = failure(&origin.remote()).await;
    assert_eq!((error.code(), error.message()), (Code::Internal, "the service's reply can't be read"));
    // A server that passes this error on must not answer with 200.
    assert_eq!(error.get::<StatusCode>(), None);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.starts_with("v: invalid type: string"), "{source}");
}

#[tokio::test]
async fn a_good_reply_of_another_type_is_an_error_that_names_both() {
    let error =
        failure(&answering(200, &[("content-type", "text/html; charset=utf-8")], r#"{"v":3}"#).await.remote()).await;
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "the service's reply is text/html, application/json is expected");
}

#[tokio::test]
async fn a_suffix_of_json_is_json() {
    let origin = answering(200, &[("content-type", "application/hal+JSON; v=1")], r#"{"v":3}"#).await;
    assert_eq!(sum_of(&origin.remote()).invoke(Sum { a: 1, b: 2 }).await.unwrap(), Total { v: 3 });
}

#[tokio::test]
async fn an_interim_reply_is_passed_over() {
    let reply = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"v\":3}";
    let remote = raw_reply(reply).await;
    assert_eq!(sum_of(&remote).invoke(Sum { a: 1, b: 2 }).await.unwrap(), Total { v: 3 });
}

#[tokio::test]
async fn a_broken_body_of_a_failed_reply_leaves_its_status() {
    let reply = "HTTP/1.1 404 Not Found\r\ncontent-length: 70\r\n\r\n{\"detail\"";
    let error = failure(&raw_reply(reply).await).await;
    assert_eq!((error.code(), error.message()), (Code::NotFound, "Not Found"));
}

#[tokio::test]
async fn no_content_is_read_as_nothing() {
    let origin = Origin::start(|_| async { Response::builder().status(204).body(Full::default()).unwrap() }).await;
    let maybe: BoxEndpoint<Sum, Option<Total>> = origin.remote().post("/sum").json().erased();
    assert_eq!(maybe.invoke(Sum { a: 1, b: 2 }).await.unwrap(), None);
    let unit: BoxEndpoint<Sum, ()> = origin.remote().post("/sum").json().timeout(Duration::from_secs(9)).erased();
    unit.invoke(Sum { a: 1, b: 2 }).await.unwrap();
}
