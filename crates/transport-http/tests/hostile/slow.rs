//! Peers that take their time, or leave what they asked for where it is. `tests/serve` has more of them.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use towerkit_transport_http::ServeEvent;

use crate::raw::soon;
use crate::site::Site;

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn pipelined_requests_are_served_one_after_another() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n".repeat(50)).await;
    site.gate.let_out(50);
    for _ in 0..50 {
        assert_eq!(client.reply().await.body, "out");
    }
    assert_eq!(site.gate.most(), 1);
}

#[tokio::test]
async fn thousands_of_pipelined_requests_are_answered_in_their_order() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    let requests: String =
        (0..3000).map(|n: u32| format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n{n:04}")).collect();
    client.send(requests).await;
    for n in 0..3000 {
        assert_eq!(client.reply().await.body, format!("{n:04}"));
    }
}

#[tokio::test]
async fn who_does_not_read_the_answers_cannot_send_more_requests_than_the_buffers_take() {
    const MOST: usize = 64 << 20;
    let site = Site::with(|serve| serve.write_timeout(SHORT, 500)).await;
    let mut client = site.connect().await;
    let requests = "GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(1000);
    let mut sent = 0;
    // It ends with the connection; a server that read on would let all through.
    while sent < MOST && soon(client.stream.write_all(requests.as_bytes())).await.is_ok() {
        sent += requests.len();
    }
    assert!(sent < MOST);
    site.events.some(|event| matches!(event, ServeEvent::WriteStalled { .. })).await;
}

#[tokio::test]
async fn a_peer_that_closes_its_side_gets_the_answer_that_is_there_and_holds_no_call() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.reply().await.body, "hello");
    client.closed().await;

    let mut client = site.connect().await;
    client.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    site.gate.has(1).await;
    client.stream.shutdown().await.unwrap();
    // Nobody may be there for the answer: the call is given up.
    site.gate.has(0).await;
    client.closed().await;
}

#[tokio::test]
async fn an_expectation_that_is_not_known_is_not_waited_for() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 200-maybe\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(client.reply().await.body, "ok");
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_announced_and_does_not_come_gets_408() {
    let site = Site::with(|serve| serve.body_timeout(SHORT, 500)).await;
    let mut client = site.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n").await;
    assert_eq!(client.reply().await.status, 100);
    assert_eq!(client.reply().await.status, 408);
    client.closed().await;
}

#[tokio::test]
async fn what_is_no_data_gives_a_body_no_time() {
    let site = Site::with(|serve| serve.body_timeout(SHORT, 1)).await;
    for (name, first, endless) in [("zeros", "0", "0"), ("spaces", "4", " ")] {
        let mut client = site.connect().await;
        let begun = Instant::now();
        client.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
        client.send(first).await;
        let reply = loop {
            let _ = client.stream.write_all(endless.repeat(100).as_bytes()).await;
            if let Ok(reply) = tokio::time::timeout(SHORT / 20, client.try_reply()).await {
                break reply.unwrap();
            }
            assert!(begun.elapsed() < 20 * SHORT, "{name}");
        };
        assert_eq!(reply.status, 408, "{name}");
    }
}
