use std::time::Duration;

use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::service_fn;
use towerkit_endpoint::Error;
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_http::codec::{Empty, Text};
use towerkit_transport_http::{Body, Server, serve};

use crate::support::ask;

#[derive(Clone)]
struct Shard(u8);

type Call = towerkit_endpoint::Request<()>;

#[tokio::test]
async fn headers_and_extensions_are_in_the_context() {
    let endpoint = service_fn(|request: Call| async move {
        let context = request.context();
        let tenant = context.metadata().get("x-tenant").unwrap_or_default().to_owned();
        Ok::<_, Error>(format!("{tenant} {}", context.get::<Shard>().unwrap().0))
    });
    let request = Request::get("/").header("x-tenant", "blue").extension(Shard(7)).body(Body::empty()).unwrap();
    assert_eq!(ask(&Server::new(endpoint, Empty, Text), request).await.text(), "blue 7");
}

#[tokio::test(start_paused = true)]
async fn the_timeout_header_is_the_deadline_and_no_metadata() {
    let endpoint = service_fn(|request: Call| async move {
        let context = request.context();
        assert!(context.metadata().get("towerkit-timeout").is_none());
        Ok::<_, Error>(format!("{:?}", context.remaining()))
    });
    let server = Server::new(endpoint, Empty, Text);
    let request = Request::get("/").header("towerkit-timeout", "250m").body(Body::empty()).unwrap();
    assert_eq!(ask(&server, request).await.text(), format!("{:?}", Some(Duration::from_millis(250))));
    let request = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(ask(&server, request).await.text(), "None");
}

#[tokio::test]
async fn how_the_request_came_is_in_the_context() {
    let endpoint = service_fn(|request: Call| async move { Ok::<_, Error>(format!("{:?}", request.context().via())) });
    let server = Server::new(endpoint, Empty, Text);
    let request = Request::get("/a?token=b").body(Body::empty()).unwrap();
    assert_eq!(ask(&server, request).await.text(), "Some(http GET /a)");
}

#[tokio::test]
async fn the_address_of_the_peer_is_in_the_context() {
    let endpoint = service_fn(|request: Call| async move { Ok::<_, Error>(format!("{:?}", request.context().peer())) });
    let server = Server::new(endpoint, Empty, Text);
    assert_eq!(ask(&server, Request::get("/").body(Body::empty()).unwrap()).await.text(), "None");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (lifeline, _stopper) = Lifeline::detached();
    tokio::spawn(serve(listener, server).run(lifeline));
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with(&format!("{:?}", Some(stream.local_addr().unwrap()))), "{answer}");
}
