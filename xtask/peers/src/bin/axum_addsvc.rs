//! addsvc's `Sum` on axum: `axum_addsvc ADDRESS limits|all`. Either has tower's timeout, load shed and concurrency limit; `all` has a line of the log
//! and metrics, too.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a benchmark's program")]

use addsvc::endpoint::{SumReply, SumRequest};
use addsvc::service::{AddService, BasicService};
use axum::error_handling::HandleErrorLayer;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use peers::telemetry::{self, line};
use tokio::net::TcpListener;
use tower::util::MapFutureLayer;
use tower::{BoxError, ServiceBuilder};
use tower_http::trace::TraceLayer;

#[tokio::main]
async fn main() {
    let listener = TcpListener::bind(peers::address(1)).await.unwrap();
    let limits = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(|_: BoxError| async { StatusCode::SERVICE_UNAVAILABLE }))
        .timeout(peers::DEADLINE)
        .load_shed()
        .concurrency_limit(peers::CONCURRENCY);
    let routes = Router::new().route("/sum", post(sum)).layer(limits);
    let routes = match std::env::args().nth(2).as_deref() {
        Some("limits") => routes,
        Some("all") => {
            let prometheus = telemetry::install();
            let seen = ServiceBuilder::new()
                .layer(TraceLayer::new_for_http().make_span_with(line::span()).on_response(line::response()))
                .layer(MapFutureLayer::new(telemetry::measured));
            routes.layer(seen).route("/metrics", get(move || std::future::ready(prometheus.render())))
        }
        other => panic!("unknown: {other:?}"),
    };
    axum::serve(listener, routes).await.unwrap();
}

async fn sum(Json(SumRequest { a, b }): Json<SumRequest>) -> Result<Json<SumReply>, StatusCode> {
    let sum = BasicService.sum(a, b).await;
    sum.map(|v| Json(SumReply { v })).map_err(|_| StatusCode::BAD_REQUEST)
}
