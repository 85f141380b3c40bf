use std::time::Duration;

use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use towerkit_transport_http::ServeEvent;

use crate::http2;
use crate::raw::soon;
use crate::site::Site;

const GRACE: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn without_connections_the_drain_ends_at_once() {
    let site = Site::start().await;
    let begun = Instant::now();
    site.stopper.stop(LONG);
    site.ended().await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(500));
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_its_connection_closed() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    site.gate.has(1).await;
    site.drain(LONG).await;
    site.gate.let_out(1);
    let reply = client.reply().await;
    assert_eq!((&*reply.body, reply.closes()), ("out", true));
    client.closed().await;
    site.ended().await.unwrap();
}

#[tokio::test]
async fn a_request_on_an_idle_connection_is_answered_within_the_grace() {
    let site = Site::with(|serve| serve.drain_grace(GRACE)).await;
    let mut client = site.connect().await;
    assert!(!client.get("/").await.closes());
    site.drain(LONG).await;
    sleep(GRACE / 3).await;
    let reply = client.get("/").await;
    assert_eq!((reply.status, reply.closes()), (200, true));
    client.closed().await;
    site.ended().await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_grace_and_not_before() {
    let site = Site::with(|serve| serve.drain_grace(GRACE)).await;
    let mut client = site.connect().await;
    client.get("/").await;
    let silent = site.connect().await;
    // Accepted, or it would be refused below.
    site.connect().await.get("/").await;
    let begun = Instant::now();
    site.drain(LONG).await;
    client.closed().await;
    assert!(begun.elapsed() >= GRACE - Duration::from_millis(20), "{:?}", begun.elapsed());
    silent.closed().await;
    assert!(begun.elapsed() >= GRACE - Duration::from_millis(20), "{:?}", begun.elapsed());
    assert_eq!(site.events.count(|event| matches!(event, ServeEvent::HeaderTimeout { .. })), 0);
    site.ended().await.unwrap();
    assert!(begun.elapsed() < 5 * GRACE);
}

#[tokio::test]
async fn a_head_that_is_half_there_at_the_end_of_the_grace_is_read_and_answered() {
    let site = Site::with(|serve| serve.drain_grace(GRACE)).await;
    let mut client = site.connect().await;
    client.get("/").await;
    client.send("GET / HTTP/1.1\r\n").await;
    site.drain(LONG).await;
    sleep(2 * GRACE).await;
    client.send("host: a\r\n\r\n").await;
    let reply = client.reply().await;
    assert_eq!((reply.status, reply.closes()), (200, true));
    drop(client);
    site.ended().await.unwrap();
}

#[tokio::test]
async fn a_connection_whose_reply_began_before_the_drain_has_the_grace_after_it() {
    let site = Site::with(|serve| serve.drain_grace(GRACE)).await;
    let mut client = site.connect().await;
    client.send("GET /holds HTTP/1.1\r\nhost: a\r\n\r\n").await;
    client.stream.readable().await.unwrap();
    site.drain(LONG).await;
    sleep(2 * GRACE).await;
    site.gate.let_out(1);
    // Its head said nothing of closing, so the client may send another.
    let reply = client.reply().await;
    assert_eq!((&*reply.body, reply.closes()), ("held", false));
    sleep(GRACE / 3).await;
    let reply = client.get("/").await;
    assert_eq!((reply.status, reply.closes()), (200, true));
    drop(client);
    site.ended().await.unwrap();
}

#[tokio::test]
async fn new_connections_are_refused() {
    let site = Site::start().await;
    let _client = site.connect().await;
    site.drain(LONG).await;
    assert!(TcpStream::connect(site.address).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_kernel_has_accepted_is_answered() {
    for _ in 0..20 {
        let site = Site::with(|serve| serve.max_connections(1)).await;
        let mut first = site.connect().await;
        first.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
        site.gate.has(1).await;
        // These wait in the kernel's queue, for there is one already.
        let mut waiting = Vec::new();
        for _ in 0..10 {
            let mut client = site.connect().await;
            client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
            waiting.push(client);
        }
        site.stopper.stop(LONG);
        for mut client in waiting {
            assert!(client.reply().await.closes());
        }
        site.gate.let_out(1);
        assert_eq!(first.reply().await.body, "out");
        drop(first);
        site.ended().await.unwrap();
    }
}

#[tokio::test]
async fn http2_gets_goaway_and_its_streams_are_answered() {
    let site = Site::start().await;
    let stream = TokioIo::new(TcpStream::connect(site.address).await.unwrap());
    let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let call = tokio::spawn(client.send_request(http2::get("/wait")));
    site.gate.has(1).await;
    site.drain(LONG).await;
    // After GOAWAY the client sends no more requests, while the one under way goes on.
    while soon(client.send_request(http2::get("/"))).await.is_ok() {}
    assert!(!call.is_finished(), "{:?}", call.await);
    site.gate.let_out(1);
    let reply = soon(call).await.unwrap().unwrap();
    assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), "out");
    soon(connection).await.unwrap().unwrap();
    site.ended().await.unwrap();
}

#[tokio::test]
async fn an_http2_connection_of_which_only_a_part_of_the_preface_is_there_gets_goaway_too() {
    // So it does not come for the end of the grace.
    let site = Site::with(|serve| serve.drain_grace(LONG)).await;
    let mut client = site.connect().await;
    client.send("PRI * HTTP").await;
    // Accepted, or it would be refused below.
    site.connect().await.get("/").await;
    site.drain(2 * LONG).await;
    client.send("/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    loop {
        // 24 bits of length, 8 of type, and so on.
        let mut frame = [0; 9];
        soon(client.stream.read_exact(&mut frame)).await.unwrap();
        if frame[3] == 7 {
            break;
        }
        let mut rest = vec![0; usize::from(frame[1]) * 256 + usize::from(frame[2])];
        soon(client.stream.read_exact(&mut rest)).await.unwrap();
    }
    drop(client);
    site.ended().await.unwrap();
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed_at_once() {
    let site = Site::start().await;
    let mut client = http2::connect(site.address).await;
    assert_eq!(soon(client.send_request(http2::get("/"))).await.unwrap().status(), 200);
    let begun = Instant::now();
    site.drain(LONG).await;
    site.ended().await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(800), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_is_not_answered_at_the_end_is_cut_and_counted() {
    let site = Site::start().await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut client = site.connect().await;
        client.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
        waiting.push(client);
    }
    let mut http2 = http2::connect(site.address).await;
    let calls: Vec<_> = (0..2).map(|_| tokio::spawn(http2.send_request(http2::get("/wait")))).collect();
    let mut idle = site.connect().await;
    idle.get("/").await;
    site.gate.has(5).await;
    let begun = Instant::now();
    site.drain(Duration::from_secs(2)).await;
    let (events, gate) = (site.events.clone(), site.gate.clone());
    let error = site.ended().await.unwrap_err().to_string();
    // Shortly before the member would be aborted.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(error, "5 requests on 4 connections were cut at the end of the drain");
    assert_eq!(events.count(|event| matches!(event, ServeEvent::Cut { connections: 4, requests: 5 })), 1);
    gate.has(0).await;
    for client in waiting {
        client.closed().await;
    }
    for call in calls {
        assert!(soon(call).await.unwrap().is_err());
    }
}

#[tokio::test]
async fn what_is_only_idle_is_closed_even_if_the_time_is_shorter_than_the_grace() {
    let site = Site::with(|serve| serve.drain_grace(LONG)).await;
    let mut client = site.connect().await;
    client.get("/").await;
    site.stopper.stop(GRACE);
    client.closed().await;
    site.ended().await.unwrap();
}

#[tokio::test]
async fn an_answered_client_that_does_not_close_is_not_counted_as_cut() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    site.gate.has(1).await;
    site.drain(Duration::from_secs(2)).await;
    site.gate.let_out(1);
    assert_eq!(client.reply().await.body, "out");
    // It keeps its side open.
    site.ended().await.unwrap();
    let _ = client.stream.shutdown().await;
}
