//! What a client has around each call: attempts, a circuit, and a rate.

use std::time::Duration;

use tower::ServiceBuilder;
use towerkit_circuitbreaker::policy::ConsecutiveFailures;
use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer, Settings, Sleep};
use towerkit_endpoint::Endpoint;
use towerkit_ratelimit::{Quota, RateLimiter, ThrottleLayer};
use towerkit_retry::{Budget, RetryLayer, Retrying};

use crate::endpoint::Endpoints;

/// Calls a second that one client makes at most; more wait for their turn.
pub const RATE: u32 = 100;

/// Calls that fail one after the other until the circuit opens.
pub const FAILURES: u32 = 5;

/// Puts the layers around the endpoints of a remote service. Both methods are idempotent, and share one circuit and one rate, since
/// they go to one server.
///
/// `retries` is how often a failed call is made again; `on_retry` hears of each.
#[must_use]
pub fn resilient(
    remote: Endpoints,
    retries: u32,
    on_retry: impl Fn(&Retrying) + Clone + Send + Sync + 'static,
) -> Endpoints {
    let circuit = Settings::new(ConsecutiveFailures::new(FAILURES))
        .sleep(Sleep::exponential(Duration::from_secs(1), Duration::from_secs(30)));
    let stack = ServiceBuilder::new()
        .layer(
            RetryLayer::new()
                .attempts(retries.saturating_add(1))
                .budget(Budget::new(0.2, retries)) // a call alone may use all of its retries
                .idempotent()
                .on_retry(on_retry),
        )
        .layer(CircuitBreakerLayer::new(Breaker::new(circuit)))
        .layer(ThrottleLayer::new(RateLimiter::new(Quota::per_second(RATE))));
    Endpoints { sum: stack.clone().service(remote.sum).erased(), concat: stack.service(remote.concat).erased() }
}
