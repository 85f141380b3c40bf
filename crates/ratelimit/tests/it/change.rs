//! Quotas that are changed while they are in use.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, advance};
use tower::Service;
use tower_layer::Layer as _;
use towerkit_endpoint::{Context, Endpoint as _, Error, Request};
use towerkit_ratelimit::{KeyedRateLimitLayer, KeyedRateLimiter, Quota, RateLimitLayer, RateLimiter, ThrottleLayer};

use super::{echo, poll};

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_set_again_and_again_starves_nobody() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_minute(1));
    limiter.try_acquire().unwrap();
    for _ in 0..6 {
        advance(Duration::from_secs(10)).await;
        limiter.set_quota(Quota::per_minute(1));
    }
    assert!(limiter.try_acquire().is_ok(), "a minute has passed");
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_call_is_carried_over() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_minute(1));
    limiter.try_acquire().unwrap();
    advance(Duration::from_secs(45)).await;
    limiter.set_quota(Quota::per_hour(1));
    let wait = limiter.try_acquire().unwrap_err().retry_after();
    assert_eq!(wait, Duration::from_secs(15 * 60), "a quarter of a call is missing");
}

const BURST: u32 = 1_000_000;
const CALLS: u32 = 100_000;

/// A call in so many minutes, so that none come back while the test runs.
fn slow(minutes: u64) -> Quota {
    Quota::new(1, Duration::from_secs(60 * minutes)).burst(BURST)
}

fn nothing() -> impl Service<(), Error = Error> {
    tower::service_fn(|()| std::future::ready(Ok::<_, Error>(())))
}

/// Two threads call while the quota is changed again and again: all their calls pass, for there are enough. Then the rest is used up.
fn no_call_is_made_or_lost<S>(service: impl Fn() -> S + Sync, change: impl Fn(Quota))
where
    S: Service<(), Error = Error>,
{
    let passes = |service: &mut S| matches!(poll(service.call(())), Poll::Ready(Ok(_)));
    let calling = AtomicUsize::new(2);
    let mut changes = 0;
    std::thread::scope(|scope| {
        let calls = || {
            let mut service = service();
            let refused = (0..CALLS).filter(|_| !passes(&mut service)).count();
            calling.fetch_sub(1, Ordering::Relaxed);
            assert_eq!(refused, 0);
        };
        scope.spawn(calls);
        scope.spawn(calls);
        while calling.load(Ordering::Relaxed) > 0 {
            changes += 1;
            change(slow(30 + changes % 2 * 30));
        }
    });
    let mut service = service();
    let rest = (0..2 * BURST).find(|_| !passes(&mut service)).unwrap();
    let passed = 2 * CALLS + rest;
    // Each change may lose some nanoseconds, so a call that was almost there.
    assert!((BURST - 1..=BURST).contains(&passed), "{passed} of {BURST} after {changes} changes");
}

#[test]
fn a_change_makes_and_loses_no_call_of_those_who_call_meanwhile() {
    let limiter = RateLimiter::new(slow(30));
    let service = || RateLimitLayer::new(limiter.clone()).layer(nothing());
    no_call_is_made_or_lost(service, |quota| limiter.set_quota(quota));
}

#[test]
fn nor_does_a_change_for_all_keys() {
    let limiter = KeyedRateLimiter::new(slow(30), 10);
    let service = || KeyedRateLimitLayer::new(limiter.clone(), |(): &()| Some(7)).layer(nothing());
    no_call_is_made_or_lost(service, |quota| limiter.set_quota(quota));
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_hears_of_a_higher_quota() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_hour(1));
    let service = ThrottleLayer::new(limiter.clone()).layer(echo());
    service.invoke(1).await.unwrap();
    let mut waiting = Box::pin(service.invoke(2));
    assert!(poll(&mut waiting).is_pending());
    limiter.set_quota(Quota::per_second(10));
    let start = Instant::now();
    waiting.await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(110), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_can_have_its_turn_in_time_is_not_refused() {
    let service = ThrottleLayer::new(RateLimiter::on_tokio_time(Quota::per_second(10).burst(1))).layer(echo());
    service.invoke(1).await.unwrap();
    let mut head = Box::pin(service.invoke(2));
    assert!(poll(&mut head).is_pending());
    advance(Duration::from_millis(90)).await;
    // The one before it is due in 10 ms, and it in 110.
    let mut context = Context::new();
    context.shorten_deadline_within(Duration::from_millis(150));
    let mut second = Box::pin(service.invoke(Request::with_context(context, 3)));
    assert!(poll(&mut second).is_pending());
    head.await.unwrap();
    second.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_change_is_no_present_to_a_key() {
    let limiter = KeyedRateLimiter::on_tokio_time(Quota::per_minute(2), 10);
    for key in [1, 1, 2] {
        limiter.try_acquire(&key).unwrap();
    }
    limiter.set_quota(Quota::per_minute(2));
    assert!(limiter.try_acquire(&1).is_err(), "the same quota, set again");
    advance(Duration::from_secs(15)).await;
    limiter.set_quota(Quota::per_hour(2));
    let wait = limiter.try_acquire(&1).unwrap_err().retry_after();
    assert_eq!(wait, Duration::from_secs(15 * 60), "half a call was left, and half of one is missing");
    limiter.try_acquire(&2).unwrap();
    assert!(limiter.try_acquire(&2).is_err());
    assert!(limiter.try_acquire(&3).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_policy_in_parts_of_a_second_is_told_in_whole_ones() {
    for (quota, told) in [
        (Quota::new(1, Duration::from_millis(100)), r#""default";q=10;w=1"#),
        (Quota::new(3, Duration::from_millis(1500)), r#""default";q=4;w=2"#),
        (Quota::new(7, Duration::from_secs(11)), r#""default";q=7;w=11"#),
    ] {
        let limiter = RateLimiter::on_tokio_time(quota.burst(1));
        limiter.try_acquire().unwrap();
        let error = Error::from(limiter.try_acquire().unwrap_err());
        assert_eq!(error.metadata().get("ratelimit-policy"), Some(told));
    }
}
