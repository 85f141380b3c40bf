use std::time::Duration;

use tokio::time::advance;
use tower_layer::Layer as _;
use towerkit_endpoint::Endpoint as _;
use towerkit_ratelimit::{Quota, RateLimitLayer, RateLimiter};

use super::echo;

/// How many calls pass at once.
fn burst(limiter: &RateLimiter) -> u32 {
    (0..).find(|_| limiter.try_acquire().is_err()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_then_one_call_each_interval() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_second(10).burst(3));
    assert_eq!(burst(&limiter), 3);
    for _ in 0..5 {
        advance(Duration::from_millis(99)).await;
        assert_eq!(burst(&limiter), 0);
        advance(Duration::from_millis(1)).await;
        assert_eq!(burst(&limiter), 1);
    }
    advance(Duration::from_secs(3600)).await;
    assert_eq!(burst(&limiter), 3, "no more is saved than the burst");
}

#[tokio::test(start_paused = true)]
async fn a_lower_quota_takes_away_what_it_has_no_room_for() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_second(100));
    limiter.set_quota(Quota::per_second(10));
    assert_eq!(burst(&limiter), 10);
}

#[tokio::test(start_paused = true)]
async fn a_higher_quota_is_no_present() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_second(100));
    for _ in 0..60 {
        limiter.try_acquire().unwrap();
    }
    limiter.set_quota(Quota::per_second(1000));
    assert_eq!(burst(&limiter), 40, "what was left");
    advance(Duration::from_millis(100)).await;
    assert_eq!(burst(&limiter), 100, "at the new rate");

    limiter.set_quota(Quota::per_second(10));
    assert_eq!(burst(&limiter), 0, "what is used up stays so");
    advance(Duration::from_millis(500)).await;
    assert_eq!(burst(&limiter), 5);
}

#[tokio::test(start_paused = true)]
async fn services_that_run_follow_a_change() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_hour(1));
    let service = RateLimitLayer::new(limiter.clone()).layer(echo());
    let mut kept = service.clone();
    let mut call = async || {
        use tower::{Service as _, ServiceExt as _};
        kept.ready().await.unwrap().call(towerkit_endpoint::Request::new(1)).await.is_ok()
    };
    assert!(call().await);
    assert!(!call().await);
    limiter.set_quota(Quota::per_second(1000));
    advance(Duration::from_millis(1)).await;
    assert!(call().await);
    assert_eq!(limiter.quota(), Quota::per_second(1000));
    assert!(service.invoke(1).await.is_err(), "it is the same limit");
}

#[test]
fn any_quota_is_taken() {
    let hour = Duration::from_secs(3600);
    for quota in [
        Quota::per_second(0),
        Quota::per_second(u32::MAX),
        Quota::per_hour(1).burst(u32::MAX),
        Quota::new(1, Duration::MAX).burst(u32::MAX),
        Quota::new(u32::MAX, Duration::ZERO).burst(0),
        Quota::new(7, 24 * hour),
    ] {
        let limiter = RateLimiter::new(quota);
        limiter.try_acquire().unwrap();
        limiter.set_quota(Quota::per_second(1));
        limiter.set_quota(quota);
    }
}

#[test]
fn the_processors_clock_tells_the_time() {
    // A burst that outlasts any pause of the machine.
    let limiter = RateLimiter::new(Quota::per_second(1000));
    let start = std::time::Instant::now();
    let mut passed = 0;
    while start.elapsed() < Duration::from_millis(100) {
        passed += u32::from(limiter.try_acquire().is_ok());
    }
    let most = start.elapsed().as_secs_f64().mul_add(1000.0, 1001.0);
    assert!((1095..=most as u32).contains(&passed), "{passed} of {most}");
}
