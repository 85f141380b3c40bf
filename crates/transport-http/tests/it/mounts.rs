//! Where a server mounts: beside `Router` and `serve`, in axum and in plain hyper.

use http::StatusCode;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use towerkit_transport_http::{Router, Server};

use crate::support::{ask, get, post, sum};

#[tokio::test]
async fn it_mounts_in_axum_by_route_service() {
    let app = axum::Router::new().route_service("/sum", Server::json(sum()));
    assert_eq!(ask(&app, post("/sum", r#"{"a":1,"b":2}"#)).await.text(), r#"{"v":3}"#);
    assert_eq!(ask(&app, get("/sum")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn an_axum_router_mounts_in_ours() {
    let inner = axum::Router::new().route("/inner/{id}", axum::routing::get(|| async { "from axum" }));
    let router = Router::new().post("/sum", Server::json(sum())).fallback(inner);
    assert_eq!(ask(&router, get("/inner/7")).await.text(), "from axum");
    assert_eq!(ask(&router, post("/sum", r#"{"a":1,"b":2}"#)).await.text(), r#"{"v":3}"#);
}

#[tokio::test]
async fn it_mounts_in_plain_hyper() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(Server::json(sum()));
        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await.unwrap();
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "POST / HTTP/1.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"a\":1,\"b\":2}";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(r#"{"v":3}"#), "{answer}");
    assert!(answer.contains("content-length: 7\r\n"), "{answer}");
}
