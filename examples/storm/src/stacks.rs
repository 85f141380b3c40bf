//! The stacks that are compared: the same deadline in each, and one layer more.

use std::time::Duration;

use tower::ServiceBuilder;
use towerkit_circuitbreaker::policy::FailureRate;
use towerkit_circuitbreaker::{Breaker, BreakerSettings, CircuitBreakerLayer, SleepWindow};
use towerkit_endpoint::{BoxEndpoint, DeadlineLayer, Endpoint as _};
use towerkit_ratelimit::adaptive::Vegas;
use towerkit_ratelimit::{AdaptiveLimitLayer, Quota, RateLimitLayer, RateLimiter};
use towerkit_retry::{Budget, HedgeLayer, RetryLayer};

/// How long a caller waits in all.
pub const DEADLINE: Duration = Duration::from_secs(1);

/// How long one of several attempts may take.
pub const ATTEMPT: Duration = Duration::from_millis(300);

/// Puts layers around a server.
pub type Stack = fn(BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()>;

/// Each stack with its name.
pub const ALL: [(&str, Stack); 9] = [
    ("deadline alone", bare),
    ("rate limit, 1200 a second", rate_limit),
    ("adaptive limit (Vegas)", adaptive),
    ("circuit breaker", breaker),
    ("hedge at p95", hedge),
    ("3 attempts, no budget", retry_without_budget),
    ("3 attempts, no budget, rate limit", retry_with_rate_limit),
    ("3 attempts, budget 20 %", retry),
    ("all: attempts, breaker, adaptive limit", all),
];

fn deadline() -> DeadlineLayer {
    DeadlineLayer::new(DEADLINE)
}

fn circuit() -> CircuitBreakerLayer {
    // Above a half, so that it lets a server alone that fails half of its calls: half an answer is better than none.
    let policy = FailureRate::new(0.7).min_calls(20).window(Duration::from_secs(2));
    let sleeps = [200, 400, 800].map(Duration::from_millis);
    CircuitBreakerLayer::new(Breaker::new(
        BreakerSettings::new(policy).sleep_window(SleepWindow::each(sleeps)).probes(5),
    ))
}

fn limit() -> RateLimitLayer {
    RateLimitLayer::new(RateLimiter::on_tokio_time(Quota::per_second(1200).burst(120)))
}

fn attempts() -> RetryLayer {
    RetryLayer::new().attempts(3).attempt_timeout(ATTEMPT).idempotent().seed(7)
}

fn bare(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    ServiceBuilder::new().layer(deadline()).service(server).erased()
}

fn rate_limit(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    ServiceBuilder::new().layer(deadline()).layer(limit()).service(server).erased()
}

fn adaptive(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    ServiceBuilder::new()
        .load_shed()
        .layer(AdaptiveLimitLayer::new(Vegas::new()))
        .layer(deadline()) // inside, or the limit would not hear of the calls that hang
        .service(server)
        .erased()
}

fn breaker(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    ServiceBuilder::new().layer(circuit()).layer(deadline()).service(server).erased()
}

fn hedge(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    let hedge = HedgeLayer::percentile(95.0).idempotent();
    ServiceBuilder::new().layer(deadline()).layer(hedge).service(server).erased()
}

fn retry_without_budget(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    ServiceBuilder::new().layer(deadline()).layer(attempts().without_budget()).service(server).erased()
}

fn retry_with_rate_limit(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    let attempts = attempts().without_budget();
    ServiceBuilder::new().layer(deadline()).layer(attempts).layer(limit()).service(server).erased()
}

fn retry(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    ServiceBuilder::new().layer(deadline()).layer(attempts()).service(server).erased()
}

fn all(server: BoxEndpoint<(), ()>) -> BoxEndpoint<(), ()> {
    ServiceBuilder::new()
        .layer(deadline())
        .layer(attempts().budget(Budget::new(0.2).burst(50)))
        .layer(circuit())
        .load_shed()
        .layer(AdaptiveLimitLayer::new(Vegas::new()))
        .layer(DeadlineLayer::new(ATTEMPT))
        .service(server)
        .erased()
}
