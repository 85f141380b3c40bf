//! What each layer of resilience costs a call that it lets through, beside the same layer of others: CPU nanoseconds and allocations, as
//! JSON lines for `cargo xtask bench resilience`.
//!
//! A handler that is ready at once. Rounds are interleaved: each round measures everything once, on one thread, and on two that share the
//! layer's state.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::fmt;
use std::future::{Future, Ready, ready};
use std::hint::{self, black_box};
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use cpu_time::ThreadTime;
use failsafe::FailurePolicy as _;
use failsafe::backoff::constant;
use failsafe::failure_policy::{consecutive_failures, success_rate_over_time_window};
use governor::{Quota as GovernorQuota, RateLimiter as Governor};
use recloser::Recloser;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::retry::budget::{Budget as _, TpsBudget};
use tower::{Layer, Service, ServiceBuilder};
use towerkit_circuitbreaker::policy::{ConsecutiveFailures, Failsafe, FailureRate, Policy as _, SlowCallRate};
use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer, Settings};
use towerkit_endpoint::{Code, DeadlineLayer, Error, Request};
use towerkit_ratelimit::adaptive::{AdaptiveLimitLayer, Vegas};
use towerkit_ratelimit::{KeyedRateLimitLayer, KeyedRateLimiter, Quota, RateLimitLayer, RateLimiter, ThrottleLayer};
use towerkit_retry::{HedgeLayer, RetryLayer};

const CALLS: u32 = 20_000;

/// Runs so many calls.
type Run = Box<dyn FnMut(u32) + Send>;

struct Case {
    name: &'static str,
    /// Nanoseconds that it may add.
    budget: Option<f64>,
    one: Run,
    two: [Run; 2],
    ns: Vec<f64>,
    ns_two: Vec<f64>,
    allocations: f64,
}

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
fn bare<F: Fn(u64) -> u64 + Clone + Send + 'static>(name: &'static str, call: F) -> Case {
    let run = || -> Run {
        let call = call.clone();
        Box::new(move |calls| {
            for n in 0..calls {
                black_box(call(black_box(u64::from(n))));
            }
        })
    };
    Case { name, budget: None, one: run(), two: [run(), run()], ns: Vec::new(), ns_two: Vec::new(), allocations: 0.0 }
}

/// `layered` makes a service; its clones share what the layer shares.
#[expect(clippy::needless_pass_by_value, reason = "a service is made in the call")]
fn case<S>(name: &'static str, budget: Option<f64>, layered: S) -> Case
where
    S: Service<Request<u64>, Response = u64> + Clone + Send + 'static,
    S::Error: fmt::Debug,
{
    let run = || -> Run {
        let mut service = layered.clone();
        Box::new(move |calls| {
            let mut cx = Context::from_waker(Waker::noop());
            for n in 0..calls {
                assert!(service.poll_ready(&mut cx).is_ready());
                let mut call = pin!(service.call(Request::new(black_box(u64::from(n)))));
                // The handler is ready at once; some of the others wait for a lock that another thread has.
                let reply = loop {
                    match call.as_mut().poll(&mut cx) {
                        Poll::Ready(reply) => break reply,
                        Poll::Pending => hint::spin_loop(),
                    }
                };
                black_box(reply.unwrap());
            }
        })
    };
    Case { name, budget, one: run(), two: [run(), run()], ns: Vec::new(), ns_two: Vec::new(), allocations: 0.0 }
}

fn breaker(
    settings: impl Into<Settings>,
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
        case("AdaptiveLimit, Vegas", None, AdaptiveLimitLayer::new(Vegas::new().bounds(64, 1000)).layer(Handler)),
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
            RetryLayer::new().idempotent().total_time(second).attempt_time(second).layer(Handler),
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
        .layer(CircuitBreakerLayer::new(Breaker::new(Settings::hystrix())))
        .layer(RateLimitLayer::new(RateLimiter::new(Quota::per_second(1_000_000_000).burst(u32::MAX))))
        .service(Handler);
    vec![case("deadline, retry, breaker, limit", None, stack)]
}

fn main() {
    let rounds = std::env::args().skip_while(|arg| arg != "--rounds").nth(1).map_or(31, |n| n.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let mut cases = vec![case("no layer", None, Handler)];
    cases.extend(breakers().into_iter().chain(limiters()).chain(retries()).chain(together()));

    for case in &mut cases {
        (case.one)(CALLS);
        let counted = allocation_counter::measure(|| (case.one)(1000));
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let total = counted.count_total as f64;
        case.allocations = total / 1000.0;
    }
    for _ in 0..rounds {
        for case in &mut cases {
            case.ns.push(timed(&mut case.one));
            case.ns_two.push(on_two_threads(&mut case.two));
        }
    }
    for Case { name, budget, ns, ns_two, allocations, .. } in &cases {
        let budget = budget.map_or_else(|| "null".to_owned(), |budget| budget.to_string());
        println!(
            r#"{{"name":"{name}","budget":{budget},"ns":{ns:?},"ns_two":{ns_two:?},"allocations":{allocations}}}"#
        );
    }
}

/// CPU nanoseconds a call, of this thread.
fn timed(run: &mut Run) -> f64 {
    let start = ThreadTime::now();
    run(CALLS);
    start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

/// The mean of both threads' CPU nanoseconds a call, while both are at it.
fn on_two_threads([first, second]: &mut [Run; 2]) -> f64 {
    let barrier = Barrier::new(2);
    let at_once = |run: &mut Run| {
        barrier.wait();
        timed(run)
    };
    let handle = tokio::runtime::Handle::current();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let _entered = handle.enter();
            at_once(first)
        });
        let own = at_once(second);
        f64::midpoint(own, other.join().unwrap())
    })
}
