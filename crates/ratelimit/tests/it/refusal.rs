use std::time::Duration;

use tokio::time::advance;
use tower::{ServiceBuilder, service_fn, timeout::TimeoutLayer};
use tower_layer::Layer as _;
use towerkit_endpoint::{BoxError, Code, Endpoint as _, Error, Failure as _};
use towerkit_ratelimit::{Quota, RateLimitLayer, RateLimiter};

use super::echo;

#[tokio::test(start_paused = true)]
async fn a_refusal_says_which_limit_and_until_when() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_minute(30).burst(1)).named("free \"plan\"");
    let service = RateLimitLayer::new(limiter).layer(echo());
    service.invoke(1).await.unwrap();
    advance(Duration::from_millis(300)).await;
    let error = service.invoke(2).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.message(), "the rate limit of 30 a minute, 1 at once is exceeded");
    assert_eq!(error.retry_after(), Some(Duration::from_millis(1700)));
    assert!(error.is_not_sent());
    let told = ["retry-after", "ratelimit", "ratelimit-policy"].map(|name| error.metadata().get(name).unwrap());
    assert_eq!(told, ["2", r#""free _plan_";r=0;t=2"#, r#""free _plan_";q=30;w=60"#]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_keeps_all_of_it_through_a_layer_that_boxes_errors() {
    let service = ServiceBuilder::new()
        .map_err(|error: BoxError| Error::from(error))
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .layer(RateLimitLayer::new(RateLimiter::on_tokio_time(Quota::per_minute(1))))
        .service(service_fn(|()| async { Ok::<_, BoxError>(()) }));
    use tower::ServiceExt as _;
    service.clone().oneshot(()).await.unwrap();
    let error = service.oneshot(()).await.unwrap_err();
    assert_eq!((error.code(), error.retry_after()), (Code::ResourceExhausted, Some(Duration::from_secs(60))));
    assert_eq!(error.metadata().get("ratelimit"), Some(r#""default";r=0;t=60"#));
}

#[tokio::test(start_paused = true)]
async fn after_the_time_that_it_says_a_call_passes() {
    let limiter = RateLimiter::on_tokio_time(Quota::new(7, Duration::from_secs(11)).burst(1));
    limiter.try_acquire().unwrap();
    for _ in 0..20 {
        let wait = limiter.try_acquire().unwrap_err().retry_after();
        // Tokio's paused clock counts milliseconds.
        advance(wait + Duration::from_millis(1)).await;
        limiter.try_acquire().unwrap();
    }
}
