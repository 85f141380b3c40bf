//! addsvc's `Sum` on towerkit, with the layers that Go kit's has, and those that a service in earnest has beside them:
//! `towerkit_addsvc HTTP-ADDRESS GRPC-ADDRESS`.

#![allow(clippy::unwrap_used, reason = "a benchmark's program")]

use std::sync::Arc;

use addsvc::endpoint::{ConcatReply, ConcatRequest, Endpoints, SumReply, SumRequest};
use addsvc::service::{AddService, BasicService};
use addsvc::transport;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use towerkit_circuitbreaker::policy::FailureRate;
use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer};
use towerkit_endpoint::{CatchPanicLayer, DeadlineLayer, Endpoint, method_fn};
use towerkit_lifecycle::{Group, Signals};
use towerkit_log::{Logger, NonBlocking};
use towerkit_metrics::{Metrics, Prometheus};
use towerkit_ratelimit::{Quota, RateLimitLayer, RateLimiter};
use towerkit_transport_http::Server;
use towerkit_transport_http::codec::{Empty, Raw};

#[tokio::main]
async fn main() {
    let (writer, flusher) = NonBlocking::new(std::io::stderr());
    let log = Logger::logfmt(writer);
    let prometheus = Prometheus::new();
    let metrics = Metrics::new(prometheus.clone());
    let stack = |operation| {
        ServiceBuilder::new()
            .layer(log.requests(operation))
            .layer(metrics.requests(operation))
            .layer(RateLimitLayer::new(RateLimiter::new(Quota::per_second(1_000_000_000))))
            .layer(CircuitBreakerLayer::new(Breaker::new(FailureRate::new(0.5))))
            .layer(DeadlineLayer::new(peers::DEADLINE))
            .load_shed()
            .concurrency_limit(peers::CONCURRENCY)
            .layer(CatchPanicLayer::new())
    };
    let service = Arc::new(BasicService);
    let sum = method_fn(service.clone(), |service, SumRequest { a, b }| async move {
        service.sum(a, b).await.map(|v| SumReply { v })
    });
    let concat = method_fn(service, |service, ConcatRequest { a, b }| async move {
        service.concat(a, b).await.map(|v| ConcatReply { v })
    });
    let endpoints =
        Endpoints { sum: stack("sum").service(sum).erased(), concat: stack("concat").service(concat).erased() };

    let http = TcpListener::bind(peers::address(1)).await.unwrap();
    let grpc = TcpListener::bind(peers::address(2)).await.unwrap();
    let scraped = Server::new(prometheus.scrape(), Empty, Raw::default());
    let routes = transport::http::routes(endpoints.clone()).get("/metrics", scraped);
    let group = Group::new()
        .with(flusher)
        .with(Signals::terminate())
        .with(towerkit_transport_http::serve(http, routes))
        .with(towerkit_transport_grpc::serve(grpc, transport::grpc::routes(endpoints)));
    group.run().await.unwrap();
}
