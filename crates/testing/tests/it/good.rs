use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tower_layer::{Identity, Layer};
use towerkit_testing::contract::{Contract, Law, Readiness};
use towerkit_testing::probe::{Probe, Reply};
use towerkit_testing::report::Outcome;

use crate::layers::{Again, Breaker, Gauge, Late, Later};

#[tokio::test(start_paused = true)]
async fn an_identity_layer_keeps_the_laws() {
    Contract::new(|probe| Identity::new().layer(probe), || "a request").check().await;
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_readies_a_clone_in_the_future_keeps_the_laws() {
    let report = Contract::new(Late, || "a request").readiness(Readiness::AlwaysReady).check().await;
    assert_eq!(report.outcome(Law::ChoosesInTheFuture), Some(&Outcome::Kept));
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_waits_for_something_of_its_own_before_it_asks_the_inner_service_keeps_the_laws() {
    let report = Contract::new(Later, || "a request").readiness(Readiness::AlwaysReady).check().await;
    assert_eq!(report.outcome(Law::ChoosesInTheFuture), Some(&Outcome::Kept));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_readies_each_attempt_keeps_the_laws() {
    let report = Contract::new(Again, || "a request").repeats_after([Reply::Fail]).check().await;
    assert_eq!(report.outcome(Law::ReadiesEachAttempt), Some(&Outcome::Kept));
}

#[tokio::test(start_paused = true)]
async fn a_repeating_layer_is_noticed_though_it_was_not_declared() {
    let report = Contract::new(Again, || "a request").check().await;
    assert_eq!(report.outcome(Law::ReadiesEachAttempt), Some(&Outcome::Kept));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_keeps_the_laws_and_all_of_law_3_and_7_is_checked() {
    let report = Contract::new(|probe| Breaker::new(probe, 3), || "a request")
        .refuses_after([Reply::Fail; 3])
        .clones_share_state(true)
        .check()
        .await;
    for law in [Law::RefusesInTheFuture, Law::GivesBackOnDrop, Law::SharesAsDeclared] {
        let finding = report.findings().iter().find(|finding| finding.law == law).unwrap();
        assert_eq!(finding.outcome, Outcome::Kept);
        assert!(finding.unchecked.is_empty(), "{finding}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_built_open_keeps_the_laws() {
    Contract::new(|probe| Breaker::new(probe, 3), || "a request").refuses(|probe| Breaker::new(probe, 0)).check().await;
}

#[tokio::test(start_paused = true)]
async fn a_gauge_with_a_guard_keeps_the_laws() {
    let gauge = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&gauge);
    Contract::new(move |inner| Gauge::<_, true> { inner, in_flight: Arc::clone(&gauge) }, || "a request")
        .gauge(move || read.load(Ordering::SeqCst))
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_reply_and_the_error_are_the_callers_choice() {
    Contract::with_probe(
        || Probe::with_errors(|text: String| text.len(), |why| why.to_string()),
        |probe| Identity::new().layer(probe),
        || "a request".to_owned(),
    )
    .check()
    .await;
}

#[tokio::test]
async fn the_suite_runs_on_the_real_clock_too() {
    Contract::new(|probe| probe, || "a request").check().await;
}
