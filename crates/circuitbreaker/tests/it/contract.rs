use std::time::Duration;

use tower_layer::Layer as _;
use towerkit_circuitbreaker::policy::ConsecutiveFailures;
use towerkit_circuitbreaker::{
    Breaker, BreakerSettings, CircuitBreakerLayer, FallbackLayer, KeyedBreaker, KeyedCircuitBreakerLayer, SleepWindow,
};
use towerkit_endpoint::BoxError;
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::Reply;

use super::{FAIL, Rig, poll};

fn breaker() -> Breaker {
    Breaker::new(
        BreakerSettings::new(ConsecutiveFailures::new(3))
            .sleep_window(SleepWindow::constant(Duration::from_secs(3600))),
    )
}

#[tokio::test(start_paused = true)]
async fn the_breaker_keeps_the_laws() {
    let report = Contract::new(|probe| CircuitBreakerLayer::new(breaker()).layer(probe), || ())
        .refuses_after([Reply::Fail; 3])
        .clones_share_state(true)
        .check()
        .await;
    println!("{report}");
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_forced_open_keeps_the_laws() {
    let forced = |probe| {
        let breaker = breaker();
        breaker.force_open();
        CircuitBreakerLayer::new(breaker).layer(probe)
    };
    Contract::new(|probe| CircuitBreakerLayer::new(breaker()).layer(probe), || ()).refuses(forced).check().await;
}

#[tokio::test(start_paused = true)]
async fn a_half_open_breaker_keeps_the_laws() {
    let half_open = |probe| {
        let settings = BreakerSettings::new(ConsecutiveFailures::new(1))
            .sleep_window(SleepWindow::constant(Duration::ZERO))
            .probes(100);
        let mut tripped = Rig::new(settings);
        assert!(poll(tripped.start(FAIL)).is_ready());
        assert_eq!(tripped.state(), "open"); // and half open with the first call
        let breaker = tripped.breaker;
        CircuitBreakerLayer::new(breaker).layer(probe)
    };
    Contract::new(half_open, || ()).check().await;
}

#[tokio::test(start_paused = true)]
async fn the_keyed_breaker_keeps_the_laws() {
    let settings = || {
        BreakerSettings::new(ConsecutiveFailures::new(3)).sleep_window(SleepWindow::constant(Duration::from_secs(3600)))
    };
    Contract::new(
        move |probe| {
            KeyedCircuitBreakerLayer::new(KeyedBreaker::new(settings(), 10), |key: &u8| Some(*key)).layer(probe)
        },
        || 7,
    )
    .refuses_after([Reply::Fail; 3])
    .clones_share_state(true)
    .check()
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_fallback_keeps_the_laws() {
    Contract::new(|probe| FallbackLayer::new(|(): (), error: BoxError| async { Err(error) }).layer(probe), || ())
        .check()
        .await;
}
