//! Hedging after a fixed time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};
use towerkit_endpoint::{Code, Error, Request};
use towerkit_retry::{Exhausted, HedgeLayer, Idempotent, Stopped};
use towerkit_testing::probe::{Probe, ProbeError, Reply};

use crate::scripted::{Step, error, millis, not_sent, steps, within};

const LONG: Duration = Duration::from_secs(3600);

fn hedge() -> HedgeLayer {
    HedgeLayer::after(millis(100)).idempotent().without_budget()
}

/// The result, the time it took, and how many attempts were made.
async fn outcome(layer: HedgeLayer, script: impl IntoIterator<Item = Step>) -> (Result<usize, Error>, u128, usize) {
    let service = steps(script);
    let start = Instant::now();
    let result = layer.layer(service.clone()).oneshot(Request::new(())).await;
    (result, start.elapsed().as_millis(), service.count())
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_answered_in_time_is_not_hedged() {
    let (result, time, attempts) = outcome(hedge(), [(millis(99), Ok(1))]).await;
    assert_eq!((result.unwrap(), time, attempts), (1, 99, 1));
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_wins() {
    let (result, time, attempts) = outcome(hedge(), [(LONG, Ok(1)), (millis(30), Ok(2))]).await;
    assert_eq!((result.unwrap(), time, attempts), (2, 130, 2));
    let (result, time, attempts) = outcome(hedge(), [(millis(120), Ok(1)), (millis(30), Ok(2))]).await;
    assert_eq!((result.unwrap(), time, attempts), (1, 120, 2));
}

#[tokio::test(start_paused = true)]
async fn the_loser_is_cancelled_with_the_answer() {
    let (probe, handle) = Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::internal(why));
    handle.script([Reply::Hold, Reply::Answer]);
    let mut service = hedge().layer(probe);
    let mut call = Box::pin(service.ready().await.unwrap().call(Request::new(())));
    call.as_mut().await.unwrap();
    // While the future that gave the answer still is there.
    assert_eq!((handle.counts().in_flight, handle.counts().cancelled), (0, 1));
    drop(call);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_idempotent_is_not_hedged() {
    let layer = HedgeLayer::after(millis(100));
    let (result, time, attempts) = outcome(layer.clone(), [(millis(500), Ok(1))]).await;
    assert_eq!((result.unwrap(), time, attempts), (1, 500, 1));

    let service = steps([(millis(500), Ok(1)), (Duration::ZERO, Ok(2))]);
    let mut marked = Request::new(());
    marked.context_mut().insert(Idempotent);
    assert_eq!(layer.layer(service).oneshot(marked).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fault_does_not_win_while_another_attempt_is_in_flight() {
    for fault in [error(Code::Unavailable), not_sent(Code::PermissionDenied), error(Code::ResourceExhausted)] {
        let (result, time, _) = outcome(hedge(), [(millis(300), Ok(1)), (Duration::ZERO, Err(fault))]).await;
        assert_eq!((result.unwrap(), time), (1, 300));
    }
    let (result, time, _) = outcome(hedge(), [(millis(150), Err(error(Code::Internal))), (millis(100), Ok(2))]).await;
    assert_eq!((result.unwrap(), time), (2, 200));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_the_services_answer_wins() {
    let (result, time, _) = outcome(hedge(), [(LONG, Ok(1)), (millis(10), Err(error(Code::NotFound)))]).await;
    let failed = result.unwrap_err();
    assert_eq!((failed.code(), time), (Code::NotFound, 110));
    assert!(failed.find::<Exhausted>().is_none(), "it comes back unchanged");
}

#[tokio::test(start_paused = true)]
async fn where_both_fail_the_error_has_both() {
    let script = [(millis(150), Err(error(Code::Unavailable))), (millis(100), Err(error(Code::Unknown)))];
    let (result, time, _) = outcome(hedge(), script).await;
    let failed = result.unwrap_err();
    assert_eq!((failed.code(), time), (Code::Unknown, 200));
    let exhausted: &Exhausted = failed.find().unwrap();
    assert_eq!(exhausted.stopped(), Stopped::AllFailed);
    assert_eq!(exhausted.errors().iter().map(Error::code).collect::<Vec<_>>(), [Code::Unavailable, Code::Unknown]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_before_the_hedge_is_due_fails_at_once() {
    let (result, time, attempts) = outcome(hedge(), [(millis(50), Err(error(Code::Unavailable)))]).await;
    let failed = result.unwrap_err();
    assert_eq!((failed.code(), time, attempts), (Code::Unavailable, 50, 1));
    assert!(failed.find::<Exhausted>().is_none());
}

#[tokio::test(start_paused = true)]
async fn more_attempts_go_out_one_delay_apart() {
    let service = steps([(LONG, Ok(1)), (LONG, Ok(2)), (LONG, Ok(3)), (millis(10), Ok(4))]);
    let layer = hedge().attempts(4);
    assert_eq!(layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap(), 4);
    assert_eq!(service.gaps(), [millis(100); 3]);
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_attempts_than_set() {
    for (attempts, made) in [(0, 1), (1, 1), (2, 2), (3, 3)] {
        let (_, _, seen) = outcome(hedge().attempts(attempts), (0..9).map(|_| (millis(1000), Ok(0)))).await;
        assert_eq!(seen, made);
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_no_hedge_past_the_deadline() {
    for (deadline, attempts) in [(100, 1), (101, 2)] {
        let service = steps([(millis(200), Ok(1)), (millis(200), Ok(2))]);
        hedge().layer(service.clone()).oneshot(within(millis(deadline))).await.unwrap();
        assert_eq!(service.count(), attempts, "within {deadline} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hedge_has_the_deadline_of_the_call() {
    let service = steps([(LONG, Ok(1))]);
    let start = Instant::now();
    hedge().layer(service.clone()).oneshot(within(millis(700))).await.unwrap();
    let deadlines: Vec<_> = service.calls.lock().unwrap().iter().map(|seen| seen.deadline).collect();
    assert_eq!(deadlines, [Some(start + millis(700)); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_is_sent_to_a_service_that_was_made_ready_for_it() {
    let (probe, handle) = Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::internal(why));
    handle.script([Reply::Hold, Reply::Answer]);
    let mut service = hedge().layer(probe);
    let call = service.ready().await.unwrap().call(Request::new(()));
    handle.pending();
    let call = tokio::spawn(call);
    tokio::time::sleep(millis(500)).await;
    assert_eq!((handle.counts().calls, handle.counts().idle), (1, 0));
    handle.ready();
    call.await.unwrap().unwrap();
    assert_eq!((handle.counts().calls, handle.counts().violations), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn where_the_service_fails_to_become_ready_the_first_attempt_goes_on() {
    let (probe, handle) = Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::internal(why));
    handle.hold();
    let mut service = hedge().layer(probe);
    let call = service.ready().await.unwrap().call(Request::new(()));
    handle.fail_readiness();
    let call = tokio::spawn(call);
    tokio::time::sleep(millis(500)).await;
    handle.release();
    call.await.unwrap().unwrap();
    assert_eq!(handle.counts().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_listener_hears_of_each_hedge() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let layer = hedge().attempts(3).on_hedge({
        let heard = Arc::clone(&heard);
        move |hedging| heard.lock().unwrap().push((hedging.attempt, hedging.delay))
    });
    outcome(layer, [(LONG, Ok(1)), (LONG, Ok(2))]).await.0.unwrap();
    assert_eq!(*heard.lock().unwrap(), [(2, millis(100)), (3, millis(100))]);
}
