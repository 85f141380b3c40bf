use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};
use towerkit_transport_http::ServeEvent;

use crate::raw::{Raw, soon};
use crate::site::{BIG, Site};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_silent_connection_is_closed_after_the_header_time() {
    let site = Site::with(|serve| serve.header_timeout(SHORT)).await;
    let begun = Instant::now();
    site.connect().await.closed().await;
    assert!(begun.elapsed() >= SHORT - Duration::from_millis(20));
    site.events.some(|event| matches!(event, ServeEvent::HeaderTimeout { .. })).await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_closed_after_the_header_time() {
    let site = Site::with(|serve| serve.header_timeout(SHORT)).await;
    let mut client = site.connect().await;
    let begun = Instant::now();
    // Each byte comes in time, the head does not.
    client.send("GET / HTTP/1.1\r\nx: ").await;
    while !client.closes_within(SHORT / 5).await {
        let _ = client.stream.write_all(b"x").await;
        assert!(begun.elapsed() < 10 * SHORT);
    }
    assert!(begun.elapsed() >= SHORT - Duration::from_millis(20));
    site.events.some(|event| matches!(event, ServeEvent::HeaderTimeout { .. })).await;
}

#[tokio::test]
async fn the_head_of_a_later_request_has_the_header_time_too() {
    let site = Site::with(|serve| serve.header_timeout(SHORT)).await;
    let mut client = site.connect().await;
    assert_eq!(client.get("/").await.status, 200);
    client.send("GET / HTTP").await;
    client.closed().await;
    site.events.some(|event| matches!(event, ServeEvent::HeaderTimeout { .. })).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_idle_time_and_not_before() {
    let site = Site::with(|serve| serve.idle_timeout(2 * SHORT).header_timeout(SHORT)).await;
    let mut client = site.connect().await;
    for _ in 0..3 {
        assert_eq!(client.get("/").await.status, 200);
        // Longer than the time for a head: that begins with its first byte.
        sleep(SHORT + SHORT / 4).await;
    }
    assert_eq!(client.get("/").await.status, 200);
    let begun = Instant::now();
    client.closed().await;
    assert!(begun.elapsed() >= 2 * SHORT - Duration::from_millis(20));
    assert_eq!(site.events.count(|_| true), 0, "{:?}", site.events);
}

#[tokio::test]
async fn a_slow_call_is_no_idle_connection() {
    let site = Site::with(|serve| serve.idle_timeout(SHORT / 4).header_timeout(SHORT / 4)).await;
    let mut client = site.connect().await;
    client.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    site.gate.has(1).await;
    sleep(SHORT).await;
    site.gate.let_out(1);
    assert_eq!(client.reply().await.body, "out");
}

#[tokio::test]
async fn a_head_that_is_too_long_gets_431() {
    let site = Site::with(|serve| serve.header_limit(1024)).await;
    let mut client = site.connect().await;
    let long = "0".repeat(900);
    client.send(format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n")).await;
    assert_eq!(client.reply().await.status, 200);
    client.send(format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\ny: {long}\r\n\r\n")).await;
    let reply = client.reply().await;
    assert_eq!((reply.status, reply.closes()), (431, true));
    client.closed().await;
}

#[tokio::test]
async fn a_head_without_an_end_gets_431_while_it_is_still_coming() {
    let site = Site::start().await;
    let client = site.connect().await;
    let (mut read, mut write) = client.stream.into_split();
    // More than is kept of a head, and less than the kernel and a server without a limit would take.
    let writing = tokio::spawn(async move {
        let _ = write.write_all(b"GET / HTTP/1.1\r\nx: ").await;
        let _ = write.write_all(&vec![b'x'; 1 << 20]).await;
        write
    });
    let mut status = [0; 12];
    soon(read.read_exact(&mut status)).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 431");
    drop(writing);
}

#[tokio::test]
async fn too_many_headers_get_431() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send(format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(99))).await;
    assert_eq!(client.reply().await.status, 200);
    client.send(format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(100))).await;
    assert_eq!(client.reply().await.status, 431);
    client.closed().await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed() {
    let site = Site::with(|serve| serve.write_timeout(SHORT, 500)).await;
    let mut client = site.connect().await;
    client.send("GET /big HTTP/1.1\r\nhost: a\r\n\r\n").await;
    site.events.some(|event| matches!(event, ServeEvent::WriteStalled { .. })).await;
    let (bytes, end) = read_all(client).await;
    assert!(bytes < BIG);
    // What it had not taken was thrown away.
    assert_eq!(end, Some(io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_is_closed() {
    let site = Site::with(|serve| serve.write_timeout(2 * SHORT, 1 << 30)).await;
    let mut client = site.connect().await;
    client.send("GET /big HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut piece = vec![0; 1 << 20];
    // Each piece comes in time, but all in all too little is taken.
    for _ in 0..1000 {
        if site.events.count(|event| matches!(event, ServeEvent::WriteStalled { .. })) > 0 {
            return;
        }
        let _ = client.stream.read(&mut piece).await;
        sleep(SHORT / 10).await;
    }
    panic!("it was not closed");
}

#[tokio::test]
async fn a_client_that_stops_for_a_while_and_reads_on_gets_all() {
    let site = Site::with(|serve| serve.write_timeout(2 * SHORT, 500)).await;
    let mut client = site.connect().await;
    client.send("GET /big HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let mut piece = vec![0; BIG / 16];
    for _ in 0..4 {
        client.stream.read_exact(&mut piece).await.unwrap();
        sleep(SHORT).await;
    }
    assert!(read_all(client).await.0 > BIG / 16 * 12);
}

/// How much comes, and the error in the end.
async fn read_all(mut client: Raw) -> (usize, Option<io::ErrorKind>) {
    let (mut bytes, mut piece) = (0, vec![0; 1 << 20]);
    loop {
        match soon(client.stream.read(&mut piece)).await {
            Ok(0) => return (bytes, None),
            Ok(some) => bytes += some,
            Err(error) => return (bytes, Some(error.kind())),
        }
    }
}

#[tokio::test]
async fn a_client_that_was_slow_once_has_all_its_time_again() {
    let site = Site::with(|serve| serve.write_timeout(2 * SHORT, 500)).await;
    let mut client = site.connect().await;
    client.send("GET /big HTTP/1.1\r\nhost: a\r\n\r\nGET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    sleep(SHORT).await;
    assert_eq!(client.reply().await.body.len(), BIG);
    site.gate.has(1).await;
    sleep(3 * SHORT).await;
    site.gate.let_out(1);
    assert_eq!(client.reply().await.body, "out");
}

#[tokio::test]
async fn over_the_most_connections_one_waits_until_another_has_ended() {
    let site = Site::with(|serve| serve.max_connections(2)).await;
    let (mut first, mut second, mut third) = (site.connect().await, site.connect().await, site.connect().await);
    assert_eq!(first.get("/").await.status, 200);
    assert_eq!(second.get("/").await.status, 200);
    site.events.some(|event| matches!(event, ServeEvent::Full { connections: 2 })).await;
    third.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(tokio::time::timeout(SHORT, third.stream.readable()).await.is_err());
    drop(first);
    assert_eq!(third.reply().await.status, 200);
    assert_eq!(second.get("/").await.status, 200);
}
