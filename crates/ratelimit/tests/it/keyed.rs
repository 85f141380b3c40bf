use std::time::Duration;

use tokio::time::advance;
use tower_layer::Layer as _;
use towerkit_endpoint::{Endpoint as _, Request};
use towerkit_ratelimit::{KeyedRateLimitLayer, KeyedRateLimiter, Quota};

use super::echo;

#[tokio::test(start_paused = true)]
async fn each_key_has_a_limit_of_its_own() {
    let limiter = KeyedRateLimiter::on_tokio_time(Quota::per_minute(2), 100);
    let service =
        KeyedRateLimitLayer::new(limiter.clone(), |request: &Request<u64>| Some(*request.message())).layer(echo());
    for key in [1, 2, 1, 2] {
        assert!(service.invoke(key).await.is_ok());
    }
    for key in [1, 2] {
        assert!(service.invoke(key).await.is_err());
    }
    assert!(service.invoke(3).await.is_ok());
    advance(Duration::from_secs(30)).await;
    assert!(service.invoke(1).await.is_ok());
    assert_eq!(limiter.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_key_is_not_limited() {
    let limiter = KeyedRateLimiter::<u64>::on_tokio_time(Quota::per_hour(1), 100);
    let service = KeyedRateLimitLayer::new(limiter.clone(), |_: &Request<u64>| None).layer(echo());
    for n in 0..10 {
        assert!(service.invoke(n).await.is_ok());
    }
    assert!(limiter.is_empty());
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_keys_in_memory_than_its_capacity() {
    let limiter = KeyedRateLimiter::on_tokio_time(Quota::per_hour(1), 3);
    for key in 0..100 {
        assert!(limiter.try_acquire(&key).is_ok());
        assert!(limiter.len() <= 3);
    }
    assert!(limiter.try_acquire(&97).is_err(), "still known");
    assert!(limiter.try_acquire(&100).is_ok());
    assert!(limiter.try_acquire(&98).is_ok(), "forgotten: 97 was used after it");
    assert!(limiter.try_acquire(&97).is_err());
}

#[tokio::test(start_paused = true)]
async fn its_quota_can_be_changed_while_it_runs() {
    let limiter = KeyedRateLimiter::on_tokio_time(Quota::per_hour(1), 3).named("tenant");
    assert!(limiter.try_acquire(&1).is_ok());
    assert!(limiter.try_acquire(&1).is_err());
    limiter.set_quota(Quota::per_hour(2));
    let refused = limiter.try_acquire(&1).unwrap_err();
    assert_eq!(refused.quota(), Quota::per_hour(2));
    let error = towerkit_endpoint::Error::from(refused);
    assert_eq!(error.metadata().get("ratelimit-policy"), Some(r#""tenant";q=2;w=3600"#));
}
