//! The servers that `cargo xtask bench http` compares. Each answers `POST /sum` with the same work: read the JSON, add, write the
//! JSON. It prints its address, and ends when its input is closed.
//!
//! ```text
//! bench_http hyper|json|stack|production|production-log|router|axum|axum-stack
//! bench_http proxy ADDRESS
//! ```

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower::{BoxError, ServiceBuilder};
use towerkit_circuitbreaker::policy::FailureRate;
use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer};
use towerkit_endpoint::{CatchPanicLayer, DeadlineLayer, Endpoint, Error, endpoint_fn};
use towerkit_lifecycle::Group;
use towerkit_log::Logger;
use towerkit_metrics::{Metrics, Prometheus};
use towerkit_ratelimit::{Quota, RateLimitLayer, RateLimiter};
use towerkit_tracing::{Sampler, Tracer};
use towerkit_transport_http::proxy::{self, ReverseProxy};
use towerkit_transport_http::{HttpService, Pool, Remote, Router, Server, serve};

#[derive(Deserialize)]
struct SumRequest {
    a: i64,
    b: i64,
}

#[derive(Serialize)]
struct SumReply {
    v: i64,
}

async fn sum(request: SumRequest) -> Result<SumReply, Error> {
    Ok(SumReply { v: request.a + request.b })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let kind = std::env::args().nth(1).unwrap_or_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    // A thread of its own waits for the end of the input.
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let serving = async {
        match kind.as_str() {
            "hyper" => hyper_by_hand(listener).await,
            "json" => towerkit(listener, Server::json(endpoint_fn(sum))).await,
            "proxy" => {
                let backend = std::env::args().nth(2).unwrap();
                let remote = Remote::new(&Pool::new(), &format!("http://{backend}")).unwrap();
                towerkit(listener, proxy::server(ReverseProxy::new(remote))).await;
            }
            "router" => towerkit(listener, Router::new().post("/sum", Server::json(endpoint_fn(sum)))).await,
            "stack" => {
                let stack = ServiceBuilder::new()
                    .layer(DeadlineLayer::new(Duration::from_secs(1)))
                    .load_shed()
                    .concurrency_limit(1024)
                    .layer(CatchPanicLayer::new())
                    .service(endpoint_fn(sum));
                towerkit(listener, Server::json(stack.erased())).await;
            }
            "production" => towerkit(listener, production("warn")).await,
            "production-log" => towerkit(listener, production("info")).await,
            "axum" => axum::serve(listener, axum_routes()).await.unwrap(),
            "axum-stack" => {
                let layers = ServiceBuilder::new()
                    .layer(axum::error_handling::HandleErrorLayer::new(|_: BoxError| async {
                        StatusCode::SERVICE_UNAVAILABLE
                    }))
                    .timeout(Duration::from_secs(1))
                    .load_shed()
                    .concurrency_limit(1024);
                axum::serve(listener, axum_routes().layer(layers)).await.unwrap();
            }
            other => panic!("unknown kind {other:?}"),
        }
    };
    tokio::select! {
        () = serving => {}
        _ = end => {}
    }
}

async fn towerkit(listener: TcpListener, routes: impl HttpService) {
    Group::new().with(serve(listener, routes).max_connections(100_000)).run().await.unwrap();
}

/// All that a service in earnest has around an endpoint, its traces unsampled.
fn production(log_filter: &str) -> impl HttpService {
    let (tracer, _exporter) = Tracer::builder("bench").sampler(Sampler::never()).build();
    let log = Logger::logfmt(std::io::sink());
    log.set_filter(log_filter).unwrap();
    let metrics = Metrics::new(Prometheus::new());
    let stack = ServiceBuilder::new()
        .layer(tracer.requests("sum"))
        .layer(log.requests("sum"))
        .layer(metrics.requests("sum"))
        .layer(RateLimitLayer::new(RateLimiter::new(Quota::per_second(1_000_000_000))))
        .layer(CircuitBreakerLayer::new(Breaker::new(FailureRate::new(0.5))))
        .layer(DeadlineLayer::new(Duration::from_secs(1)))
        .load_shed()
        .concurrency_limit(1024)
        .layer(CatchPanicLayer::new())
        .service(endpoint_fn(sum));
    Server::json(stack.erased())
}

fn axum_routes() -> axum::Router {
    let handler =
        |axum::Json(request): axum::Json<SumRequest>| async move { axum::Json(SumReply { v: request.a + request.b }) };
    axum::Router::new().route("/sum", axum::routing::post(handler))
}

/// What one would write without a toolkit, with the checks that are due: path, method, media type, a bounded body.
async fn hyper_by_hand(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let refuse = |status: StatusCode| Ok(Response::builder().status(status).body(Full::default()).unwrap());
    if request.uri().path() != "/sum" {
        return refuse(StatusCode::NOT_FOUND);
    }
    if request.method() != http::Method::POST {
        return refuse(StatusCode::METHOD_NOT_ALLOWED);
    }
    if request.headers().get(header::CONTENT_TYPE).is_none_or(|value| value != "application/json") {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let Ok(body) = Limited::new(request.into_body(), 1 << 20).collect().await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE);
    };
    match serde_json::from_slice::<SumRequest>(&body.to_bytes()) {
        Ok(SumRequest { a, b }) => {
            let body = serde_json::to_vec(&SumReply { v: a + b }).unwrap();
            let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
            Ok(response.body(Full::from(body)).unwrap())
        }
        Err(_) => refuse(StatusCode::BAD_REQUEST),
    }
}
