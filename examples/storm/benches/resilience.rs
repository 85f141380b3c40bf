//! What each layer of resilience costs a call that it lets through, beside the same layer of others: CPU nanoseconds and allocations, as
//! JSON lines for `cargo xtask bench resilience`.
//!
//! A handler that is ready at once. Rounds are interleaved: each round measures everything once, on one thread, and on two that share the
//! layer's state.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::future::{Ready, ready};
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use failsafe::FailurePolicy as _;
use failsafe::backoff::constant;
use failsafe::failure_policy::{consecutive_failures, success_rate_over_time_window};
use governor::{Quota as GovernorQuota, RateLimiter as Governor};
use recloser::Recloser;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::retry::budget::{Budget as _, TpsBudget};
use tower::{Layer, Service, ServiceBuilder};
use towerkit_circuitbreaker::policy::{ConsecutiveFailures, Failsafe, FailureRate, Policy as _, SlowCallRate};
use towerkit_circuitbreaker::{Breaker, BreakerSettings, CircuitBreakerLayer};
use towerkit_endpoint::{Code, DeadlineLayer, Error, Request};
use towerkit_ratelimit::adaptive::Vegas;
use towerkit_ratelimit::{
    AdaptiveLimitLayer, KeyedRateLimitLayer, KeyedRateLimiter, Quota, RateLimitLayer, RateLimiter, ThrottleLayer,
};
use towerkit_retry::{HedgeLayer, RetryLayer};
use towerkit_testing::bench::{self, Case};

const CALLS: u32 = 20_000;

/// A handler that is ready at once.
#[derive(Clone, Copy)]
struct Handler;

impl Service<Request<u64>> for Handler {
    type Response = u64;
    type Error = Error;
    type Future = Ready<Result<u64, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<u64>) -> Self::Future {
        ready(Ok(black_box(request.into_message() + 1)))
    }
}

/// The same for a function without a service around it.
fn bare<F: Fn(u64) -> u64 + Clone + Send + 'static>(name: &str, call: F) -> Case {
    Case::shared(name, || {
        let call = call.clone();
        move |calls| (0..calls).for_each(|n| _ = black_box(call(black_box(u64::from(n)))))
    })
}

/// `layered` makes a service; its clones share what the layer shares.
#[expect(clippy::needless_pass_by_value, reason = "a service is made in the call")]
fn case<S>(name: &str, budget: Option<f64>, layered: S) -> Case
where
    S: Service<Request<u64>, Response = u64> + Clone + Send + 'static,
{
    let case = Case::service(name, &layered, |n| Request::new(black_box(u64::from(n))));
    match budget {
        Some(budget) => case.budget(budget),
        None => case,
    }
}

fn breaker(
    settings: impl Into<BreakerSettings>,
) -> impl Service<Request<u64>, Response = u64, Error = Error, Future: Send> + Clone + Send {
    CircuitBreakerLayer::new(Breaker::new(settings)).layer(Handler)
}

fn breakers() -> Vec<Case> {
    let theirs = tower_resilience_circuitbreaker::CircuitBreakerLayer::builder;
    let minute = Duration::from_secs(60);
    let failsafe = Arc::new(failsafe::StateMachine::new(consecutive_failures(5, constant(minute)), ()));
    let failsafe_default = {
        let rate = success_rate_over_time_window(0.8, 5, Duration::from_secs(30), constant(minute));
        Arc::new(failsafe::StateMachine::new(rate.or_else(consecutive_failures(5, constant(minute))), ()))
    };
    let recloser = Arc::new(Recloser::custom().error_rate(0.5).closed_len(100).build());
    vec![
        case("CircuitBreaker, consecutive failures", Some(40.0), breaker(ConsecutiveFailures::new(5))),
        case("CircuitBreaker, failure rate", Some(40.0), breaker(FailureRate::new(0.5))),
        case("CircuitBreaker, failure rate or slow calls", None, {
            breaker(FailureRate::new(0.5).or(SlowCallRate::new(0.5, Duration::from_secs(1))))
        }),
        case("CircuitBreaker, failsafe's policy", None, {
            breaker(Failsafe::new(move || consecutive_failures(5, constant(minute))))
        }),
        case(
            "tower-resilience, consecutive failures",
            None,
            theirs().consecutive_failures(5).build().unwrap().layer(Handler),
        ),
        case("tower-resilience, failure rate by count", None, {
            theirs().failure_rate_threshold(0.5).sliding_window_size(100).build().unwrap().layer(Handler)
        }),
        bare("recloser, no service", move |n| recloser.call(|| Ok::<_, Code>(n + 1)).unwrap()),
        bare("failsafe, no service, consecutive failures", move |n| {
            assert!(failsafe.is_call_permitted());
            failsafe.on_success();
            n + 1
        }),
        bare("failsafe, no service, its default", move |n| {
            assert!(failsafe_default.is_call_permitted());
            failsafe_default.on_success();
            n + 1
        }),
    ]
}

fn limiters() -> Vec<Case> {
    const MANY: NonZeroU32 = NonZeroU32::MAX;
    let quota = Quota::per_second(1_000_000_000).burst(u32::MAX);
    let keyed = KeyedRateLimiter::new(quota, 1000);
    let governor = Arc::new(Governor::direct(GovernorQuota::per_second(MANY)));
    let theirs = tower_resilience_ratelimiter::RateLimiterLayer::per_second(1_000_000_000).build().unwrap();
    vec![
        case("RateLimit", Some(25.0), RateLimitLayer::new(RateLimiter::new(quota)).layer(Handler)),
        case(
            "RateLimit, on Tokio's clock",
            None,
            RateLimitLayer::new(RateLimiter::on_tokio_time(quota)).layer(Handler),
        ),
        case("KeyedRateLimit, one key", None, {
            KeyedRateLimitLayer::new(keyed, |_: &Request<u64>| Some(7_u64)).layer(Handler)
        }),
        case("Throttle, no wait", None, ThrottleLayer::new(RateLimiter::new(quota)).layer(Handler)),
        case("AdaptiveLimit, Vegas", None, AdaptiveLimitLayer::new(Vegas::new().bounds(64..=1000)).layer(Handler)),
        case("tower-resilience, rate limit", None, theirs.layer(Handler)),
        bare("governor, no service", move |n| {
            assert!(governor.check().is_ok());
            n + 1
        }),
        case("tower, concurrency limit", None, GlobalConcurrencyLimitLayer::new(64).layer(Handler)),
    ]
}

/// tower's retry wants a policy of one's own: three attempts, its budget, its backoff.
#[derive(Clone)]
struct TowerPolicy {
    budget: Arc<TpsBudget>,
    attempts: usize,
}

impl tower::retry::Policy<Request<u64>, u64, Error> for TowerPolicy {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<u64>, result: &mut Result<u64, Error>) -> Option<Self::Future> {
        match result {
            Ok(_) => {
                self.budget.deposit();
                None
            }
            Err(_) if self.attempts > 0 && self.budget.withdraw() => {
                self.attempts -= 1;
                Some(ready(()))
            }
            Err(_) => None,
        }
    }

    fn clone_request(&mut self, request: &Request<u64>) -> Option<Request<u64>> {
        Some(request.clone())
    }
}

fn retries() -> Vec<Case> {
    let second = Duration::from_secs(1);
    let tower = TowerPolicy { budget: Arc::new(TpsBudget::new(second * 10, 10, 0.2)), attempts: 2 };
    let theirs = tower_resilience_retry::RetryLayer::builder().max_attempts(3).build();
    vec![
        case("Retry", Some(40.0), RetryLayer::new().idempotent().layer(Handler)),
        case(
            "Retry, with times",
            None,
            RetryLayer::new().idempotent().total_timeout(second).attempt_timeout(second).layer(Handler),
        ),
        case("Hedge after a time", None, HedgeLayer::after(second).idempotent().layer(Handler)),
        case("Hedge at a percentile", None, HedgeLayer::percentile(95.0).idempotent().layer(Handler)),
        case("tower, retry with its budget", None, tower::retry::RetryLayer::new(tower).layer(Handler)),
        case("tower-resilience, retry", None, theirs.layer(Handler)),
    ]
}

/// What a client has around each call.
fn together() -> Vec<Case> {
    let stack = ServiceBuilder::new()
        .layer(DeadlineLayer::new(Duration::from_secs(1)))
        .layer(RetryLayer::new().idempotent())
        .layer(CircuitBreakerLayer::new(Breaker::new(BreakerSettings::hystrix())))
        .layer(RateLimitLayer::new(RateLimiter::new(Quota::per_second(1_000_000_000).burst(u32::MAX))))
        .service(Handler);
    vec![case("deadline, retry, breaker, limit", None, stack)]
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let mut cases = vec![case("no layer", None, Handler)];
    cases.extend(breakers().into_iter().chain(limiters()).chain(retries()).chain(together()));

    bench::measure(&mut cases, CALLS, bench::number("rounds", 15).unwrap(), |run| {
        allocation_counter::measure(run).count_total
    });
    cases.iter().for_each(|case| println!("{case}"));
}
