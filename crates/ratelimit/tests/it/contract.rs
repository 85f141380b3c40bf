use std::cell::RefCell;
use std::rc::Rc;

use tower_layer::Layer as _;
use towerkit_ratelimit::adaptive::{Limit, Sample};
use towerkit_ratelimit::{
    AdaptiveLimitLayer, KeyedRateLimitLayer, KeyedRateLimiter, Quota, RateLimitLayer, RateLimiter, ThrottleLayer,
};
use towerkit_testing::contract::{Contract, Readiness};
use towerkit_testing::probe::Reply;

fn limiter() -> RateLimiter {
    RateLimiter::on_tokio_time(Quota::per_hour(60))
}

#[tokio::test(start_paused = true)]
async fn the_refusing_limit_keeps_the_laws() {
    Contract::new(|probe| RateLimitLayer::new(limiter()).layer(probe), || ())
        .refuses_after([Reply::Answer; 60])
        .clones_share_state(true)
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_keyed_limit_keeps_the_laws() {
    let limiter = || KeyedRateLimiter::on_tokio_time(Quota::per_hour(60), 10);
    Contract::new(move |probe| KeyedRateLimitLayer::new(limiter(), |key: &u8| Some(*key)).layer(probe), || 7)
        .refuses_after([Reply::Answer; 60])
        .clones_share_state(true)
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_throttle_keeps_the_laws() {
    let layer = || ThrottleLayer::new(limiter()).max_waiting(0).deadline(|(): &()| None);
    let last: Rc<RefCell<Option<ThrottleLayer<_>>>> = Rc::default();
    let seen = Rc::clone(&last);
    let wrap = move |probe| {
        let layer = layer();
        *last.borrow_mut() = Some(layer.clone());
        layer.layer(probe)
    };
    Contract::new(wrap, || ())
        .readiness(Readiness::AlwaysReady)
        .refuses_after([Reply::Answer; 60])
        .clones_share_state(true)
        .gauge(move || seen.borrow().as_ref().map_or(0, |layer| layer.waiting() as u64))
        .check()
        .await;
}

/// Does not adapt: the suite wants to know how many there are.
#[derive(Debug)]
struct Fixed;

impl Limit for Fixed {
    fn limit(&self) -> usize {
        3
    }

    fn update(&mut self, _: &Sample) {}
}

#[tokio::test(start_paused = true)]
async fn the_adaptive_limit_keeps_the_laws() {
    let last: Rc<RefCell<Option<AdaptiveLimitLayer>>> = Rc::default();
    let seen = Rc::clone(&last);
    let wrap = move |probe| {
        let layer = AdaptiveLimitLayer::new(Fixed);
        *last.borrow_mut() = Some(layer.clone());
        layer.layer(probe)
    };
    Contract::new(wrap, || ())
        .readiness(Readiness::Reserves { limit: 3 })
        .clones_share_state(true)
        .gauge(move || seen.borrow().as_ref().map_or(0, |layer| layer.in_flight() as u64))
        .check()
        .await;
}
