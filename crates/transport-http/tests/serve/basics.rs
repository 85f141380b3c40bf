use std::convert::Infallible;
use std::io;

use http::{Request, Response};
use tokio::net::TcpListener;
use tower::service_fn;
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_http::{Body, ServeEvent, serve};

use crate::raw::{Raw, soon};
use crate::site::Site;

#[tokio::test]
async fn requests_follow_one_another_on_a_connection() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    for _ in 0..3 {
        let reply = client.get("/").await;
        assert_eq!((reply.status, &*reply.body, reply.closes()), (200, "hello", false));
        assert!(reply.header("date").is_some());
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    let mut requests = String::new();
    for n in 0..50 {
        requests += &format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n{n:03}");
    }
    client.send(requests).await;
    for n in 0..50 {
        assert_eq!(client.reply().await.body, format!("{n:03}"));
    }
}

#[tokio::test]
async fn a_reply_is_not_kept_back_by_a_part_of_the_next_request() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HT").await;
    assert_eq!(client.reply().await.status, 200);
    client.send("TP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(client.reply().await.status, 200);
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(client.reply().await.body, "hello");
    client.closed().await;
}

#[tokio::test]
async fn what_is_not_http_gets_400() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").await;
    assert_eq!(client.reply().await.status, 400);
    client.closed().await;
    site.events.some(|event| matches!(event, ServeEvent::ConnectionFailed { .. })).await;
}

#[tokio::test]
async fn the_service_sees_the_address_of_its_peer() {
    let tells = service_fn(|request: Request<Body>| async move {
        let peer = request.body().peer().map(|peer| peer.to_string());
        Ok::<_, Infallible>(Response::new(Body::from(peer.unwrap_or_default())))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (lifeline, _stopper) = Lifeline::detached();
    let running = tokio::spawn(serve(listener, tells).run(lifeline));
    let mut client = Raw::connect(address).await;
    let reply = client.get("/").await;
    assert_eq!(reply.body, client.stream.local_addr().unwrap().to_string());
    running.abort();
}

#[tokio::test]
async fn an_error_of_the_service_is_a_500_that_tells_nothing_of_it() {
    let fails = service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>(io::Error::other("the secret")) });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (lifeline, _stopper) = Lifeline::detached();
    let running = tokio::spawn(serve(listener, fails).run(lifeline));
    let reply = Raw::connect(address).await.get("/").await;
    assert_eq!(reply.status, 500);
    assert!(!reply.body.contains("secret"), "{}", reply.body);
    running.abort();
}

#[tokio::test]
async fn a_router_of_axum_is_served() {
    let routes = axum::Router::new().route("/", axum::routing::get(async || "axum"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (lifeline, _stopper) = Lifeline::detached();
    let member = serve(
        listener,
        tower::util::MapRequest::new(routes, |request: Request<Body>| request.map(axum::body::Body::new)),
    );
    let running = tokio::spawn(member.run(lifeline));
    assert_eq!(Raw::connect(address).await.get("/").await.body, "axum");
    running.abort();
}

#[tokio::test]
async fn a_panic_ends_its_connection_only_and_is_told() {
    let panics = service_fn(|request: Request<Body>| async move {
        assert!(request.uri().path() != "/panic", "asked for");
        Ok::<_, Infallible>(Response::new(Body::from("fine")))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    let (lifeline, stopper) = Lifeline::detached();
    let member = serve(listener, panics).on_event(move |event| told.send(event.to_string()).unwrap());
    let running = tokio::spawn(member.run(lifeline));
    let mut other = Raw::connect(address).await;
    let mut client = Raw::connect(address).await;
    client.send("GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await;
    client.closed().await;
    assert!(soon(telling.recv()).await.unwrap().contains("panicked"));
    assert_eq!(other.get("/").await.body, "fine");
    stopper.stop(std::time::Duration::from_millis(400));
    soon(running).await.unwrap().unwrap();
}

#[tokio::test]
async fn dropping_the_server_drops_its_calls_and_its_connections() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut http2 = crate::http2::connect(site.address).await;
    let call = tokio::spawn(http2.send_request(crate::http2::get("/wait")));
    site.gate.has(2).await;
    site.running.abort();
    site.gate.has(0).await;
    client.closed().await;
    assert!(soon(call).await.unwrap().is_err());
}
