use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::raw::soon;
use crate::site::Site;

pub(crate) async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (send, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    send
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://a.test{path}")).body(Full::default()).unwrap()
}

#[tokio::test]
async fn both_versions_are_served_on_one_port() {
    let site = Site::start().await;
    let mut http1 = site.connect().await;
    let mut http2 = connect(site.address).await;
    for _ in 0..2 {
        assert_eq!(http1.get("/").await.body, "hello");
        let reply = soon(http2.send_request(get("/"))).await.unwrap();
        assert_eq!((reply.status(), reply.version()), (StatusCode::OK, Version::HTTP_2));
        assert!(reply.headers().get("connection").is_none());
        assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), "hello");
    }
}

#[tokio::test]
async fn replies_of_any_size_come_whole_and_need_nothing_that_follows_them() {
    let site = Site::start().await;
    let client = connect(site.address).await;
    let echo = |size: usize| {
        let (mut client, text) = (client.clone(), "a".repeat(size));
        async move {
            let request = Request::post("http://a.test/echo").header("content-type", "text/plain");
            let request = request.body(Full::from(text.clone())).unwrap();
            let reply = soon(client.send_request(request)).await.unwrap();
            assert_eq!(soon(reply.into_body().collect()).await.unwrap().to_bytes(), text, "{size}");
        }
    };
    for size in [0, 1, 200, 255, 256, 257, 1000, 10_000, 16_000, 16_383, 16_384, 16_385, 70_000, 300_000] {
        echo(size).await;
    }
    let many: Vec<_> = (0..150).map(|n| tokio::spawn(echo(n * 97))).collect();
    for one in many {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn http2_is_known_by_its_preface_even_if_it_comes_byte_by_byte() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.stream.set_nodelay(true).unwrap();
    for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
        client.stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    // An empty SETTINGS frame. The server's own begins with its length, 24 bits, and its type, 4.
    client.send([0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
    let mut frame = [0; 4];
    soon(tokio::io::AsyncReadExt::read_exact(&mut client.stream, &mut frame)).await.unwrap();
    assert_eq!(frame[3], 4);
}

#[tokio::test]
async fn a_head_that_is_too_long_gets_431_and_the_connection_stays() {
    let site = Site::with(|serve| serve.header_limit(2048)).await;
    let mut client = connect(site.address).await;
    // The settings of the server must have come, or the client does not know the limit; it sends all the same.
    assert_eq!(soon(client.send_request(get("/"))).await.unwrap().status(), 200);
    let mut request = get("/");
    request.headers_mut().insert("x-long", "0".repeat(4096).parse().unwrap());
    let reply = soon(client.send_request(request)).await;
    match reply {
        Ok(reply) => assert_eq!(reply.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        // The client may keep to the limit that the server announced.
        Err(error) => assert!(error.is_user(), "{error:?}"),
    }
    assert_eq!(soon(client.send_request(get("/"))).await.unwrap().status(), 200);
}

#[tokio::test]
async fn no_more_streams_are_served_at_a_time_than_may_be() {
    let site = Site::with(|serve| serve.max_streams(3)).await;
    let mut client = connect(site.address).await;
    assert_eq!(soon(client.send_request(get("/"))).await.unwrap().status(), 200);
    let calls: Vec<_> = (0..9).map(|_| tokio::spawn(client.send_request(get("/wait")))).collect();
    site.gate.has(3).await;
    site.gate.let_out(9);
    for call in calls {
        assert_eq!(soon(call).await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(site.gate.most(), 3);
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_time_and_ends_at_the_idle_time() {
    let header_timeout = Duration::from_millis(100);
    let site = Site::with(|serve| serve.header_timeout(header_timeout).idle_timeout(5 * header_timeout)).await;
    let stream = TokioIo::new(TcpStream::connect(site.address).await.unwrap());
    let (mut client, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    // Also before the first request.
    tokio::time::sleep(2 * header_timeout).await;
    assert_eq!(soon(client.send_request(get("/"))).await.unwrap().status(), 200);
    let begun = tokio::time::Instant::now();
    // It ends without an error: the server said GOAWAY, and waited for its acknowledgement.
    soon(connection).await.unwrap().unwrap();
    let lasted = begun.elapsed();
    assert!(lasted > 4 * header_timeout, "{lasted:?}");
    drop(client);
}

#[tokio::test]
async fn a_slow_call_is_no_idle_connection() {
    let site = Site::with(|serve| serve.idle_timeout(Duration::from_millis(50))).await;
    let mut client = connect(site.address).await;
    let call = tokio::spawn(client.send_request(get("/wait")));
    site.gate.has(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    site.gate.let_out(1);
    assert_eq!(soon(call).await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_stream_whose_window_stays_shut_is_reset_and_the_connection_goes_on() {
    let limit = Duration::from_millis(300);
    let site = Site::with(|serve| serve.write_timeout(limit, 1 << 20)).await;
    let stream = TokioIo::new(TcpStream::connect(site.address).await.unwrap());
    let shut = hyper::client::conn::http2::Builder::new(TokioExecutor::new()).initial_stream_window_size(0).clone();
    let (mut send, connection) = shut.handshake::<_, Full<Bytes>>(stream).await.unwrap();
    tokio::spawn(connection);
    let reply = soon(send.send_request(get("/big"))).await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    let error = soon(reply.into_body().collect()).await.expect_err("it is not whole");
    let reset = std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("reset"));
    assert!(reset || error.to_string().contains("body"), "{error:?}");
    site.events.some(|event| matches!(event, towerkit_transport_http::ServeEvent::WriteStalled { .. })).await;
    // The connection is as good as before: what needs no window is answered.
    let missing = soon(send.send_request(get("/nothing"))).await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_service_that_is_slow_is_not_taken_for_a_peer_that_is() {
    let limit = Duration::from_millis(100);
    let site = Site::with(|serve| serve.write_timeout(limit, 1 << 20)).await;
    let mut client = connect(site.address).await;
    let (waits, holds) = (client.send_request(get("/wait")), client.clone().send_request(get("/holds")));
    let opens = async {
        site.gate.has(2).await;
        tokio::time::sleep(limit * 4).await;
        site.gate.let_out(2);
    };
    let (waits, holds, ()) =
        soon(async { tokio::join!(waits, async { holds.await.unwrap().into_body().collect().await }, opens) }).await;
    assert_eq!(waits.unwrap().into_body().collect().await.unwrap().to_bytes(), "out");
    assert_eq!(holds.unwrap().to_bytes(), "held");
    assert_eq!(site.events.count(|event| matches!(event, towerkit_transport_http::ServeEvent::WriteStalled { .. })), 0);
}
