use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};
use towerkit_transport_http::ServeEvent;

use crate::site::Site;

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_body_whose_length_is_over_the_limit_gets_413_unread() {
    let site = Site::with(|serve| serve.request_limit(100)).await;
    let mut client = site.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 101\r\n\r\n").await;
    let reply = client.reply().await;
    assert_eq!(reply.status, 413);
    assert!(reply.body.contains("longer than the limit of 100 bytes"), "{}", reply.body);
    client.closed().await;
    site.events.some(|event| matches!(event, ServeEvent::Refused { .. })).await;
}

#[tokio::test]
async fn a_body_without_a_length_gets_413_when_it_passes_the_limit() {
    let site = Site::with(|serve| serve.request_limit(100)).await;
    let mut client = site.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
    client.send(format!("64\r\n{}\r\n", "x".repeat(100))).await;
    client.send("1\r\nx\r\n").await;
    assert_eq!(client.reply().await.status, 413);
    client.closed().await;
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let site = Site::start().await;
    for _ in 0..20 {
        let mut client = site.connect().await;
        client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 8000000\r\n\r\n").await;
        // It sends all of it before it reads, as many clients do.
        client.send(vec![b'x'; 8_000_000]).await;
        assert_eq!(client.reply().await.status, 413);
        client.closed().await;
    }
}

#[tokio::test]
async fn a_connection_goes_on_after_a_refused_body_that_was_read() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n\xff\xff").await;
    let reply = client.reply().await;
    assert_eq!((reply.status, reply.closes()), (400, false));
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test]
async fn a_connection_is_closed_after_a_body_that_was_not_read() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("POST /ignores HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nxxx").await;
    assert_eq!(client.reply().await.body, "ignored");
    // What follows is the rest of the body, and must not be taken for a request.
    let _ = client.stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    client.closed().await;
}

#[tokio::test]
async fn a_truncated_body_gets_400() {
    let site = Site::start().await;
    for head in ["content-length: 10\r\n\r\nfour", "transfer-encoding: chunked\r\n\r\n4\r\nfour\r\n"] {
        let mut client = site.connect().await;
        client.send(format!("POST /echo HTTP/1.1\r\nhost: a\r\n{head}")).await;
        client.stream.shutdown().await.unwrap();
        let reply = client.reply().await;
        assert_eq!(reply.status, 400, "{head}");
        assert!(reply.body.contains("ended before its time"), "{}", reply.body);
        client.closed().await;
    }
}

#[tokio::test]
async fn expect_continue_is_answered_when_the_body_is_wanted() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n").await;
    assert_eq!(client.reply().await.status, 100);
    client.send("ok").await;
    assert_eq!(client.reply().await.body, "ok");
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_gets_408_that_says_so() {
    let site = Site::with(|serve| serve.body_timeout(2 * SHORT, 1000)).await;
    let mut client = site.connect().await;
    let begun = Instant::now();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n").await;
    let reply = loop {
        // 50 bytes a second.
        let _ = client.stream.write_all(b"x").await;
        if let Ok(reply) = tokio::time::timeout(Duration::from_millis(20), client.try_reply()).await {
            break reply.unwrap();
        }
        assert!(begun.elapsed() < 10 * SHORT);
    };
    assert_eq!(reply.status, 408);
    assert!(reply.body.contains("too slowly"), "{}", reply.body);
    assert!(begun.elapsed() >= 2 * SHORT);
    client.closed().await;
}

#[tokio::test]
async fn a_body_that_stops_gets_408_however_much_has_come() {
    let site = Site::with(|serve| serve.body_timeout(SHORT, 500)).await;
    let mut client = site.connect().await;
    let begun = Instant::now();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000001\r\n\r\n").await;
    client.send("x".repeat(1_000_000)).await;
    assert_eq!(client.reply().await.status, 408);
    assert!(begun.elapsed() < 10 * SHORT);
}

#[tokio::test]
async fn a_body_that_keeps_the_rate_may_take_longer_than_the_time() {
    let site = Site::with(|serve| serve.body_timeout(SHORT, 1000)).await;
    let mut client = site.connect().await;
    let begun = Instant::now();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 6000\r\n\r\n").await;
    for _ in 0..30 {
        client.send([b'x'; 200]).await;
        sleep(SHORT / 10).await;
    }
    assert_eq!(client.reply().await.status, 200);
    assert!(begun.elapsed() > 2 * SHORT);
}

#[tokio::test]
async fn what_the_service_takes_for_itself_is_not_the_time_of_the_body() {
    let site = Site::with(|serve| serve.body_timeout(SHORT, 1_000_000)).await;
    let mut client = site.connect().await;
    client.send("POST /sleepy HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
    // The service needs 150 ms for each of the pieces, which are there long before.
    for _ in 0..4 {
        client.send("1\r\nx\r\n").await;
        sleep(Duration::from_millis(100)).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.reply().await.body, "4");
}
