//! What the happy path costs: no allocation, no timer.

use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tower::util::ServiceFn;
use tower::{Layer, Service, service_fn};
use towerkit_endpoint::{Error, Request};
use towerkit_retry::{HedgeLayer, RetryLayer};

/// One call by hand, without a runtime: a timer would panic.
fn call<S: Service<Request<u64>, Response = u64, Error = Error>>(service: &mut S) -> u64 {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    match pin!(service.call(Request::new(7))).poll(&mut cx) {
        Poll::Ready(Ok(answer)) => answer,
        _ => panic!("answered at the first poll"),
    }
}

type Answer = fn(Request<u64>) -> Ready<Result<u64, Error>>;

fn allocations<L>(layer: &L) -> u64
where
    L: Layer<ServiceFn<Answer>, Service: Service<Request<u64>, Response = u64, Error = Error>>,
{
    let mut service = layer.layer(service_fn((|request| ready(Ok(request.into_message()))) as Answer));
    allocation_counter::measure(|| {
        for _ in 0..100 {
            assert_eq!(call(&mut service), 7);
        }
    })
    .count_total
}

#[test]
fn a_call_that_is_answered_at_once_allocates_nothing_and_sets_no_timer() {
    let second = Duration::from_secs(1);
    assert_eq!(allocations(&RetryLayer::new()), 0);
    assert_eq!(allocations(&RetryLayer::new().idempotent().total_timeout(second).attempt_timeout(second)), 0);
    assert_eq!(allocations(&HedgeLayer::after(second).idempotent()), 0);
    assert_eq!(allocations(&HedgeLayer::percentile(95.0).idempotent().min_samples(10)), 0);
}
