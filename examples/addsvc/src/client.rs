//! What a client has around each call: a span, attempts, credentials, a circuit, and a rate.

use std::time::Duration;

use tower::ServiceBuilder;
use towerkit_auth::CredentialsLayer;
use towerkit_circuitbreaker::policy::ConsecutiveFailures;
use towerkit_circuitbreaker::{Breaker, BreakerSettings, CircuitBreakerLayer, SleepWindow};
use towerkit_endpoint::{Endpoint, Via};
use towerkit_ratelimit::{Quota, RateLimiter, ThrottleLayer};
use towerkit_retry::{Budget, RetryLayer, Retrying};
use towerkit_tracing::Tracer;

use crate::endpoint::Endpoints;

/// Calls a second that one client makes at most; more wait for their turn.
pub const RATE: u32 = 100;

/// Calls that fail one after the other until the circuit opens.
pub const FAILURES: u32 = 5;

/// Puts all layers around the endpoints of one server: see [`attempts`] and [`guarded`].
pub fn resilient(
    remote: Endpoints,
    retries: u32,
    on_retry: impl Fn(&Retrying) + Send + Sync + 'static,
    caller: &Caller,
) -> Endpoints {
    repeated(guarded(remote), &attempts(retries, on_retry), caller)
}

/// Makes a failed call again, so often at most. Both methods are idempotent. `on_retry` hears of each.
pub fn attempts(retries: u32, on_retry: impl Fn(&Retrying) + Send + Sync + 'static) -> RetryLayer {
    RetryLayer::new()
        .attempts(retries.saturating_add(1))
        .budget(Budget::new(0.2).burst(retries.max(10))) // a call alone may use all of its retries
        .idempotent()
        .on_retry(on_retry)
}

/// Who calls, and how that is traced.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What it shows of itself, where it does.
    pub credentials: Option<CredentialsLayer>,
    /// What makes the spans.
    pub tracer: Tracer,
    /// How an operation is called, as the transport says.
    pub via: fn(&str) -> Via,
}

/// Puts the attempts around the endpoints of a server, or around those of several, balanced: a span for each call, and an event in it for each
/// attempt, which shows credentials anew.
pub fn repeated(endpoints: Endpoints, attempts: &RetryLayer, caller: &Caller) -> Endpoints {
    let Caller { credentials, tracer, via } = caller;
    let stack = |operation| {
        ServiceBuilder::new()
            .layer(tracer.calls(operation).via(via(operation)))
            .layer(attempts.clone())
            .layer(tracer.attempts())
            .option_layer(credentials.clone())
    };
    Endpoints {
        sum: stack("sum").service(endpoints.sum).erased(),
        concat: stack("concat").service(endpoints.concat).erased(),
    }
}

/// What one server has around it: a circuit and a rate, for both methods together.
pub fn guarded(remote: Endpoints) -> Endpoints {
    let circuit = BreakerSettings::new(ConsecutiveFailures::new(FAILURES))
        .sleep_window(SleepWindow::exponential(Duration::from_secs(1), Duration::from_secs(30)));
    let stack = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(Breaker::new(circuit)))
        .layer(ThrottleLayer::new(RateLimiter::new(Quota::per_second(RATE))));
    Endpoints { sum: stack.clone().service(remote.sum).erased(), concat: stack.service(remote.concat).erased() }
}
