//! Quotas that are changed while they are in use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, advance};
use tower_layer::Layer as _;
use towerkit_endpoint::{Context, Endpoint as _, Error, Request};
use towerkit_ratelimit::{Quota, RateLimitLayer, RateLimiter, ThrottleLayer};

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

#[test]
fn a_change_is_no_present_to_those_who_call_meanwhile() {
    const BURST: u32 = 20_000;
    let quotas = [Quota::new(1, Duration::from_secs(3600 * 24)).burst(BURST), Quota::per_hour(1).burst(BURST)];
    let limiter = RateLimiter::new(quotas[0]);
    let done = AtomicBool::new(false);
    let mut passed = 0;
    std::thread::scope(|scope| {
        let counts: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut service = RateLimitLayer::new(limiter.clone())
                        .layer(tower::service_fn(|()| std::future::ready(Ok::<_, Error>(()))));
                    let mut passed = 0_u32;
                    while !done.load(Ordering::Relaxed) {
                        let call = tower::Service::call(&mut service, ());
                        passed += u32::from(matches!(poll(call), std::task::Poll::Ready(Ok(()))));
                    }
                    passed
                })
            })
            .collect();
        for n in 0..20_000 {
            limiter.set_quota(quotas[n % 2]);
        }
        done.store(true, Ordering::Relaxed);
        passed = counts.into_iter().map(|count| count.join().unwrap()).sum();
    });
    assert!(passed <= BURST + 1, "{passed} of {BURST}");
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
    context.shorten_deadline_to(Duration::from_millis(150));
    let mut second = Box::pin(service.invoke(Request::with_context(context, 3)));
    assert!(poll(&mut second).is_pending());
    head.await.unwrap();
    second.await.unwrap();
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
