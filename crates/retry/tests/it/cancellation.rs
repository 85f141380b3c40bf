//! A call that is dropped leaves nothing behind, whatever it was doing.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::time::sleep;
use tower::{Layer, Service};
use towerkit_endpoint::{Code, Error, Request};
use towerkit_retry::{Backoff, Budget, HedgeLayer, RetryLayer};
use towerkit_testing::probe::{Probe, ProbeError, ProbeHandle, Reply};

use crate::scripted::millis;

fn probe() -> (Probe<Request<()>, (), Error>, ProbeHandle) {
    Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(Code::Unavailable).with_source(why))
}

/// A budget with one token, which no call adds to.
fn one() -> Budget {
    Budget::new(0.0).burst(1)
}

fn retry(budget: &Budget) -> RetryLayer {
    RetryLayer::new().idempotent().budget(budget.clone()).seed(1)
}

fn hedge(budget: &Budget) -> HedgeLayer {
    HedgeLayer::after(millis(100)).idempotent().budget(budget.clone())
}

/// Makes the service ready, and a call of it.
async fn call<S: Service<Request<()>, Error = Error>>(service: &mut S) -> Pin<Box<S::Future>> {
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    Box::pin(service.call(Request::new(())))
}

/// One poll of a call that is not to end with it.
async fn poll<F: Future<Output = Result<(), Error>>>(call: &mut Pin<Box<F>>) {
    poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending(), "the call has ended");
        Poll::Ready(())
    })
    .await;
}

#[track_caller]
fn nothing_is_left(probe: &ProbeHandle, budget: &Budget, tokens: f64) {
    let counts = probe.counts();
    assert_eq!((counts.in_flight, counts.idle, counts.violations), (0, 0, 0), "{counts:?}");
    assert_eq!(budget.balance(), tokens);
}

#[tokio::test(start_paused = true)]
async fn in_the_first_attempt() {
    let (probe, handle) = probe();
    let budget = one();
    let mut service = retry(&budget).layer(probe);
    handle.hold();
    let mut call = call(&mut service).await;
    poll(&mut call).await;
    assert_eq!(handle.counts().in_flight, 1);
    drop(call);
    nothing_is_left(&handle, &budget, 1.0);
}

#[tokio::test(start_paused = true)]
async fn in_the_wait_and_the_token_is_given_back() {
    let (probe, handle) = probe();
    let budget = one();
    let mut service = retry(&budget).layer(probe);
    handle.fail();
    let mut call = call(&mut service).await;
    poll(&mut call).await;
    assert_eq!((handle.counts().in_flight, handle.counts().idle, budget.balance()), (0, 0, 0.0));
    drop(call);
    nothing_is_left(&handle, &budget, 1.0);
    assert_eq!(handle.counts().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_for_readiness_and_the_token_is_given_back() {
    let (probe, handle) = probe();
    let budget = one();
    let mut service = retry(&budget).backoff(Backoff::none()).layer(probe);
    handle.fail();
    let mut call = call(&mut service).await;
    handle.pending();
    poll(&mut call).await;
    assert_eq!(budget.balance(), 0.0);
    drop(call);
    nothing_is_left(&handle, &budget, 1.0);
    assert_eq!(handle.counts().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn in_the_second_attempt_whose_token_is_spent() {
    let (probe, handle) = probe();
    let budget = one();
    let mut service = retry(&budget).backoff(Backoff::none()).layer(probe);
    handle.script([Reply::Fail, Reply::Hold]);
    let mut call = call(&mut service).await;
    poll(&mut call).await;
    assert_eq!((handle.counts().calls, handle.counts().in_flight), (2, 1));
    drop(call);
    nothing_is_left(&handle, &budget, 0.0);
}

#[tokio::test(start_paused = true)]
async fn while_a_hedge_is_not_due() {
    let (probe, handle) = probe();
    let budget = one();
    let mut service = hedge(&budget).layer(probe);
    handle.hold();
    let mut call = call(&mut service).await;
    poll(&mut call).await;
    sleep(millis(50)).await;
    poll(&mut call).await;
    assert_eq!(handle.counts().calls, 1);
    drop(call);
    nothing_is_left(&handle, &budget, 1.0);
}

#[tokio::test(start_paused = true)]
async fn while_a_hedge_waits_for_readiness_and_the_token_is_given_back() {
    let (probe, handle) = probe();
    let budget = one();
    let mut service = hedge(&budget).layer(probe);
    handle.hold();
    let mut call = call(&mut service).await;
    poll(&mut call).await;
    handle.pending();
    sleep(millis(150)).await;
    poll(&mut call).await;
    assert_eq!((handle.counts().calls, budget.balance()), (1, 0.0));
    drop(call);
    nothing_is_left(&handle, &budget, 1.0);
}

#[tokio::test(start_paused = true)]
async fn with_both_attempts_of_a_hedge_in_flight() {
    let (probe, handle) = probe();
    let budget = one();
    let mut service = hedge(&budget).layer(probe);
    handle.hold();
    let mut call = call(&mut service).await;
    poll(&mut call).await;
    sleep(millis(150)).await;
    poll(&mut call).await;
    assert_eq!(handle.counts().in_flight, 2);
    drop(call);
    nothing_is_left(&handle, &budget, 0.0);
    assert_eq!(handle.counts().cancelled, 2);
}

#[tokio::test(start_paused = true)]
async fn the_first_attempts_end_gives_the_token_of_a_hedge_not_yet_made_back() {
    let (probe, handle) = probe();
    let budget = one();
    let mut service = hedge(&budget).layer(probe);
    handle.hold();
    let mut call = call(&mut service).await;
    poll(&mut call).await;
    handle.pending();
    sleep(millis(150)).await;
    poll(&mut call).await;
    handle.release();
    call.as_mut().await.unwrap();
    // The future itself is not dropped yet.
    nothing_is_left(&handle, &budget, 1.0);
    drop(call);
}
