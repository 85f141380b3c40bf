//! stringsvc on axum: `axum_stringsvc ADDRESS`.

#![allow(clippy::unwrap_used, reason = "a benchmark's program")]

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use peers::strings::{self, Reply, Request};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let listener = TcpListener::bind(peers::address(1)).await.unwrap();
    axum::serve(listener, Router::new().route("/uppercase", post(uppercase))).await.unwrap();
}

async fn uppercase(Json(request): Json<Request>) -> Result<Json<Reply>, StatusCode> {
    strings::uppercase(&request).map(Json).ok_or(StatusCode::BAD_REQUEST)
}
