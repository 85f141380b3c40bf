//! What all layers of a service in earnest cost a call together, around a handler that is ready at once: CPU nanoseconds and allocations, as JSON
//! lines for `cargo xtask bench telemetry`.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::future::{Ready, ready};
use std::hint::black_box;
use std::time::Duration;

use tower::{Service, ServiceBuilder, service_fn};
use towerkit_circuitbreaker::policy::FailureRate;
use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer};
use towerkit_endpoint::{DeadlineLayer, Error, Request};
use towerkit_log::Logger;
use towerkit_metrics::{Metrics, Prometheus};
use towerkit_ratelimit::{Quota, RateLimitLayer, RateLimiter};
use towerkit_testing::bench::{self, Case};
use towerkit_tracing::{Sampler, Tracer};

const CALLS: u32 = 20_000;

fn handler(request: Request<u64>) -> Ready<Result<u64, Error>> {
    ready(Ok(black_box(request.into_message() + 1)))
}

fn logger(filter: &str) -> Logger {
    let log = Logger::logfmt(std::io::sink());
    log.set_filter(filter).unwrap();
    log
}

/// Trace, log, metrics, limit, breaker, deadline.
fn stack(tracer: &Tracer, log: &Logger) -> impl Service<Request<u64>, Response = u64> + Clone + Send + use<> {
    let metrics = Metrics::new(Prometheus::new());
    ServiceBuilder::new()
        .layer(tracer.requests("sum"))
        .layer(log.requests("sum"))
        .layer(metrics.requests("sum"))
        .layer(RateLimitLayer::new(RateLimiter::new(Quota::per_second(1_000_000_000).burst(u32::MAX))))
        .layer(CircuitBreakerLayer::new(Breaker::new(FailureRate::new(0.5))))
        .layer(DeadlineLayer::new(Duration::from_secs(1)))
        .service_fn(handler)
}

fn case<S>(name: &str, service: &S) -> Case
where
    S: Service<Request<u64>, Response = u64> + Clone + Send + 'static,
{
    Case::service(name, service, |n| Request::new(black_box(u64::from(n))))
}

fn main() {
    let rounds = bench::number("rounds", 15).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let (unsampled, _exporter) = Tracer::builder("bench").sampler(Sampler::never()).build();
    let mut cases = [
        case("no layer", &service_fn(handler)),
        case("layer, all of them: trace unsampled, log off", &stack(&unsampled, &Logger::off())).budget(400.0),
        case("layer, all of them: trace unsampled, log at warn", &stack(&unsampled, &logger("warn"))),
        case("layer, all of them: trace unsampled, a log line", &stack(&unsampled, &logger("info"))),
    ];
    bench::measure(&mut cases, CALLS, rounds, |run| allocation_counter::measure(run).count_total);
    cases.iter().for_each(|case| println!("{case}"));
}
