//! stringsvc on hyper, without a framework, with the checks that are due: path, method, media type, a bounded body. `hyper_stringsvc ADDRESS`.

#![allow(clippy::unwrap_used, reason = "a benchmark's program")]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use peers::strings;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let listener = TcpListener::bind(peers::address(1)).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let connection = auto::Builder::new(TokioExecutor::new());
            let _ = connection.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(reply(request).await.unwrap_or_else(|status| {
        let mut response = Response::new(Full::default());
        *response.status_mut() = status;
        response
    }))
}

async fn reply(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, StatusCode> {
    let unless = |condition, status| if condition { Ok(()) } else { Err(status) };
    unless(request.uri().path() == "/uppercase", StatusCode::NOT_FOUND)?;
    unless(request.method() == Method::POST, StatusCode::METHOD_NOT_ALLOWED)?;
    let json = request.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json");
    unless(json, StatusCode::UNSUPPORTED_MEDIA_TYPE)?;
    let body = Limited::new(request.into_body(), 1 << 20).collect().await;
    let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
    let request = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let reply = strings::uppercase(&request).ok_or(StatusCode::BAD_REQUEST)?;
    let body = serde_json::to_vec(&reply).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json").body(Full::from(body));
    response.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
