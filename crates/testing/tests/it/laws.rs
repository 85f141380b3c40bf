//! The suite names the law that is broken, and no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tower::limit::ConcurrencyLimit;
use tower_service::Service;
use towerkit_testing::contract::{Contract, Law, Readiness};
use towerkit_testing::probe::{Probe, Reply};

use crate::broken::{
    CloneInCall, Compares, CountsCancelled, Deaf, Defect, How, LateUnready, Limit, PicksByReadiness, ReadiesAClone,
    Readying, RefusesLate, RetriesUnready, SleepsWhileReady, Spawns, StartsInCall, Switch, TriesUnready,
    WorksWhenDropped,
};
use crate::layers::{Breaker, Gauge};

/// A contract whose service type is left open.
fn contract<S: Service<&'static str> + Clone + 'static>(
    wrap: impl Fn(Probe<&'static str, ()>) -> S + 'static,
) -> Contract<S, &'static str> {
    Contract::new(wrap, || "a request")
}

async fn breaks<S: Service<&'static str> + Clone + 'static>(contract: Contract<S, &'static str>, laws: &[Law]) {
    let report = contract.report().await;
    assert_eq!(report.broken(), laws, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_clone_in_call_breaks_law_1() {
    breaks(contract(CloneInCall), &[Law::CallsTheReadied]).await;
}

#[tokio::test(start_paused = true)]
async fn calling_another_than_the_ready_instance_breaks_law_1() {
    breaks(contract(ReadiesAClone), &[Law::CallsTheReadied]).await;
}

#[tokio::test(start_paused = true)]
async fn comparing_instead_of_reserving_breaks_law_2() {
    let compares = contract(|probe| Compares::new(probe, 2)).readiness(Readiness::Reserves { limit: 2 });
    breaks(compares, &[Law::ReservesReadiness]).await;
}

#[tokio::test(start_paused = true)]
async fn a_permit_for_each_poll_breaks_law_2() {
    let doubles = contract(|probe| Limit::new(probe, 3, Defect::TakesOnePerPoll));
    breaks(doubles.readiness(Readiness::Reserves { limit: 3 }), &[Law::ReservesReadiness]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pending_poll_that_wakes_itself_breaks_law_2() {
    breaks(contract(|inner| Readying { inner, how: How::WakesItself }), &[Law::ReservesReadiness]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pending_poll_without_a_waker_breaks_law_2() {
    breaks(contract(|inner| Readying { inner, how: How::DropsTheWaker }), &[Law::ReservesReadiness]).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_spawned_in_poll_ready_breaks_law_2() {
    breaks(contract(|inner| Readying { inner, how: How::Spawns }), &[Law::ReservesReadiness]).await;
}

#[tokio::test(start_paused = true)]
async fn readiness_that_is_not_passed_on_breaks_law_2() {
    breaks(contract(|inner| Readying { inner, how: How::SaysReadyAnyhow }), &[Law::ReservesReadiness]).await;
}

#[tokio::test(start_paused = true)]
async fn an_inner_instance_for_each_poll_breaks_law_2() {
    breaks(contract(|inner| Readying { inner, how: How::ReadiesAClonePerPoll }), &[Law::ReservesReadiness]).await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_declared_but_not_there_breaks_law_2() {
    breaks(contract(|probe| probe).readiness(Readiness::Reserves { limit: 2 }), &[Law::ReservesReadiness]).await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_inner_service_that_is_not_reported_breaks_law_3() {
    breaks(contract(|inner| Readying { inner, how: How::SwallowsFailure }), &[Law::RefusesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_that_reaches_the_inner_service_breaks_law_3() {
    let late = |on: bool| move |inner| RefusesLate { inner, on };
    breaks(contract(late(false)).refuses(late(true)), &[Law::RefusesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_that_calls_its_unready_service_breaks_law_3() {
    let tries = |open: bool| move |probe| TriesUnready::new(probe, open);
    breaks(contract(tries(false)).refuses(tries(true)), &[Law::RefusesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_from_poll_ready_breaks_law_3() {
    let switch = |off: bool| move |inner| Switch { inner, off: Arc::new(AtomicBool::new(off)) };
    breaks(contract(switch(false)).refuses(switch(true)), &[Law::RefusesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_service_that_fails_breaks_law_3() {
    let refuses = contract(|probe| Limit::new(probe, 2, Defect::RefusesInPollReady));
    breaks(refuses.readiness(Readiness::Reserves { limit: 2 }), &[Law::RefusesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_does_not_refuse_as_declared_breaks_law_3() {
    breaks(contract(|probe| probe).refuses_after([Reply::Fail]), &[Law::RefusesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn sleeping_while_ready_breaks_law_4() {
    breaks(contract(SleepsWhileReady), &[Law::HoldsReadinessBriefly]).await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_permit_while_the_inner_service_is_ready_breaks_law_4() {
    let readies_first = contract(|probe| Limit::new(probe, 2, Defect::ReadiesFirst));
    breaks(readies_first.readiness(Readiness::Reserves { limit: 2 }), &[Law::HoldsReadinessBriefly]).await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_without_readiness_breaks_law_5() {
    breaks(contract(RetriesUnready).repeats_after([Reply::Fail]), &[Law::ReadiesEachAttempt]).await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_without_readiness_is_found_though_it_was_not_declared() {
    breaks(contract(RetriesUnready), &[Law::ReadiesEachAttempt]).await;
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_does_not_repeat_as_declared_breaks_law_5() {
    breaks(contract(|probe| probe).repeats_after([Reply::Fail]), &[Law::ReadiesEachAttempt]).await;
}

#[tokio::test(start_paused = true)]
async fn picking_by_readiness_breaks_law_6() {
    let picks = contract(|probe| PicksByReadiness { choices: [probe.clone(), probe], picked: None });
    breaks(picks.readiness(Readiness::AlwaysReady), &[Law::ChoosesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn waiting_without_a_waker_in_the_future_breaks_law_6() {
    breaks(contract(Deaf).readiness(Readiness::AlwaysReady), &[Law::ChoosesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_an_unpolled_call_keeps_breaks_law_7() {
    let leaks = contract(|probe| Limit::new(probe, 2, Defect::LeaksUnpolled));
    breaks(leaks.readiness(Readiness::Reserves { limit: 2 }), &[Law::GivesBackOnDrop]).await;
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_a_failed_call_keeps_breaks_law_7() {
    let leaks = contract(|probe| Limit::new(probe, 2, Defect::LeaksOnFailure));
    breaks(leaks.readiness(Readiness::Reserves { limit: 2 }), &[Law::GivesBackOnDrop]).await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_counts_cancelled_calls_breaks_law_7() {
    let counts = contract(|probe| CountsCancelled::new(probe, 5)).refuses_after([Reply::Fail; 5]);
    breaks(counts, &[Law::GivesBackOnDrop]).await;
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_a_dropped_call_keeps_breaks_law_7() {
    let leaks = contract(|probe| Limit::new(probe, 2, Defect::LeaksOnDrop));
    breaks(leaks.readiness(Readiness::Reserves { limit: 2 }), &[Law::GivesBackOnDrop]).await;
}

#[tokio::test(start_paused = true)]
async fn a_gauge_that_a_dropped_call_keeps_up_breaks_law_7() {
    let gauge = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&gauge);
    let gauged = contract(move |inner| Gauge::<_, false> { inner, in_flight: Arc::clone(&gauge) });
    breaks(gauged.gauge(move || read.load(Ordering::SeqCst)), &[Law::GivesBackOnDrop]).await;
}

#[tokio::test(start_paused = true)]
async fn work_inside_call_breaks_law_8() {
    breaks(contract(StartsInCall), &[Law::StartsAtFirstPoll]).await;
}

#[tokio::test(start_paused = true)]
async fn work_at_the_drop_of_an_unpolled_future_breaks_law_8() {
    breaks(contract(WorksWhenDropped), &[Law::StartsAtFirstPoll]).await;
}

#[tokio::test(start_paused = true)]
async fn calling_without_asking_inside_the_future_breaks_laws_1_3_and_6() {
    let unready = contract(|inner| LateUnready { inner, asks: false }).readiness(Readiness::AlwaysReady);
    breaks(unready, &[Law::CallsTheReadied, Law::RefusesInTheFuture, Law::ChoosesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn asking_one_clone_and_calling_another_breaks_laws_1_and_6() {
    let unready = contract(|inner| LateUnready { inner, asks: true }).readiness(Readiness::AlwaysReady);
    breaks(unready, &[Law::CallsTheReadied, Law::ChoosesInTheFuture]).await;
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_reaches_no_service_does_not_pass() {
    let report = contract(|probe| Breaker::new(probe, 0)).report().await;
    assert!(report.broken().contains(&Law::CallsTheReadied), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_call_handed_to_a_task_breaks_laws_7_and_8() {
    breaks(contract(Spawns), &[Law::GivesBackOnDrop, Law::StartsAtFirstPoll]).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_word_about_clones_breaks_law_9() {
    let limit = contract(|probe| ConcurrencyLimit::new(probe, 2)).readiness(Readiness::Reserves { limit: 2 });
    breaks(limit.clones_share_state(false), &[Law::SharesAsDeclared]).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_word_about_the_clones_of_a_breaker_breaks_law_9() {
    let breaker = contract(|probe| Breaker::new(probe, 2)).refuses_after([Reply::Fail; 2]);
    breaks(breaker.clones_share_state(false), &[Law::SharesAsDeclared]).await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_law_is_a_panic_of_check_that_names_it() {
    let failed = tokio::task::LocalSet::new()
        .run_until(async { tokio::task::spawn_local(async { contract(CloneInCall).check().await }).await })
        .await
        .unwrap_err()
        .into_panic();
    let message = failed.downcast_ref::<String>().unwrap();
    for part in [file!(), "law 1: it calls the instance that was made ready: BROKEN", "expected:", "seen:"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}
