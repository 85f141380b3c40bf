//! Waits and deadlines.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};
use towerkit_endpoint::{Code, Error, Request};
use towerkit_retry::{AttemptElapsed, Backoff, Budget, Exhausted, RetryLayer, Stopped};
use towerkit_testing::probe::{Probe, Reply};

use crate::scripted::{error, failing, millis, retry_after, steps, within};

fn retry() -> RetryLayer {
    RetryLayer::new().idempotent().without_budget()
}

fn stopped(error: &Error) -> (usize, Stopped) {
    let exhausted = error.find::<Exhausted>().unwrap();
    (exhausted.errors().len(), exhausted.stopped())
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn the_waits_are_below_the_ceilings_and_spread() {
    let backoff = Backoff::new(millis(100)).max(millis(400));
    let mut seen = Vec::new();
    for seed in 0..50 {
        let service = failing((0..5).map(|_| error(Code::Unavailable)));
        let layer = retry().attempts(6).backoff(backoff).seed(seed);
        layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap();
        for (n, gap) in (1..).zip(service.gaps()) {
            assert!(gap <= backoff.ceiling(n) + millis(1), "wait {n}: {gap:?}");
            seen.push(gap.as_secs_f64() / backoff.ceiling(n).as_secs_f64());
        }
        // A wait is a whole number of milliseconds, of 400 at most.
        let [.., one, another, third] = seen[..] else { panic!("five waits") };
        assert!(one != another || another != third, "each wait is drawn anew: {seen:?}");
    }
    let mean = seen.iter().sum::<f64>() / seen.len() as f64;
    assert!((0.42..0.58).contains(&mean), "250 even draws have a mean near a half, not {mean}");
    assert!(seen.iter().any(|share| *share < 0.1) && seen.iter().any(|share| *share > 0.9));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_waits() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let service = failing((0..5).map(|_| error(Code::Unavailable)));
        retry().attempts(6).seed(seed).layer(service.clone()).oneshot(Request::new(())).await.unwrap();
        runs.push(service.gaps());
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_says_when_to_try_again_is_obeyed() {
    for code in [Code::Unavailable, Code::ResourceExhausted] {
        let service = failing([retry_after(code, millis(3000))]);
        retry().layer(service.clone()).oneshot(Request::new(())).await.unwrap();
        let waited = service.gaps()[0];
        assert!(waited >= millis(3000) && waited <= millis(3030), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_longer_than_allowed_is_not_begun() {
    let start = Instant::now();
    let service = failing([error(Code::Unavailable), retry_after(Code::Unavailable, millis(2001))]);
    let layer = retry().max_wait(millis(2000)).backoff(Backoff::none());
    let failed = layer.layer(service).oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(stopped(&failed), (2, Stopped::RetryAfter));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_callers_deadline_is_not_begun() {
    let start = Instant::now();
    let service = failing([error(Code::Unavailable), retry_after(Code::Unavailable, millis(500))]);
    let layer = retry().backoff(Backoff::none());
    let failed = layer.layer(service).oneshot(within(millis(500))).await.unwrap_err();
    assert_eq!(stopped(&failed), (2, Stopped::Deadline));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_total_time_ends_a_call_in_whatever_attempt_it_is() {
    let service = steps([(millis(600), Err(error(Code::Unavailable))), (LONG, Ok(0))]);
    let start = Instant::now();
    let layer = retry().total_timeout(millis(1000)).backoff(Backoff::none());
    let failed = layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(start.elapsed(), millis(1000));
    assert_eq!(failed.code(), Code::DeadlineExceeded);
    assert_eq!(stopped(&failed), (2, Stopped::Deadline));
    assert_eq!(service.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_total_time_counts_the_waits_too() {
    let service = failing((0..1000).map(|_| error(Code::Unavailable)));
    let start = Instant::now();
    let layer = retry().attempts(1000).total_timeout(millis(1000)).backoff(Backoff::new(millis(100)).factor(1.0));
    let failed = layer.layer(service).oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(stopped(&failed).1, Stopped::Deadline);
    assert!(start.elapsed() <= millis(1000) && start.elapsed() >= millis(900), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_over_its_time_is_cut_off_and_the_next_is_made() {
    let service = steps([(LONG, Ok(0)), (LONG, Ok(0)), (millis(50), Ok(3))]);
    let start = Instant::now();
    let layer = retry().attempt_timeout(millis(100)).backoff(Backoff::none());
    assert_eq!(layer.layer(service).oneshot(Request::new(())).await.unwrap(), 3);
    assert_eq!(start.elapsed(), millis(250));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_cut_off_is_not_repeated_where_it_is_not_idempotent() {
    let service = steps([(LONG, Ok(0))]);
    let layer = RetryLayer::new().attempt_timeout(millis(100));
    let failed = layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();
    assert_eq!((failed.code(), failed.message()), (Code::DeadlineExceeded, "deadline exceeded"));
    assert_eq!(stopped(&failed), (1, Stopped::NotRepeatable));
    assert!(failed.find::<AttemptElapsed>().is_some());
    assert_eq!(service.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_times_stand_in_the_requests_as_their_deadlines() {
    let service = steps([(millis(300), Err(error(Code::Unavailable))), (LONG, Ok(0)), (LONG, Ok(0))]);
    let layer = retry().total_timeout(millis(1000)).attempt_timeout(millis(400)).backoff(Backoff::none());
    let start = Instant::now();
    layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();
    let deadlines = |service: &crate::scripted::Scripted| -> Vec<_> {
        service.calls.lock().unwrap().iter().map(|seen| seen.deadline.map(|at| (at - start).as_millis())).collect()
    };
    // Of the third attempt the total time cuts 100 ms off.
    assert_eq!(deadlines(&service), [Some(400), Some(700), Some(1000)]);

    let service = steps([]);
    layer.layer(service.clone()).oneshot(within(millis(200))).await.unwrap();
    assert_eq!(service.calls.lock().unwrap()[0].deadline, Some(start + millis(1200)), "the caller's is earlier");
}

#[tokio::test(start_paused = true)]
async fn without_a_time_of_its_own_a_deadline_is_left_to_the_layers_around() {
    let service = steps([(millis(900), Ok(5))]);
    assert_eq!(retry().layer(service).oneshot(within(millis(200))).await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn times_too_long_for_the_clock_are_none() {
    let layer = retry().total_timeout(Duration::MAX).attempt_timeout(Duration::MAX).max_wait(Duration::MAX);
    let service = failing([error(Code::Unavailable)]);
    assert_eq!(layer.layer(service).oneshot(Request::new(())).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_become_ready_again_uses_up_the_attempts_time() {
    let (probe, handle) = Probe::with_errors(|_: Request<()>| (), |why| error(Code::Unavailable).with_source(why));
    handle.script([Reply::Fail]);
    let mut service = retry().attempt_timeout(millis(100)).backoff(Backoff::none()).layer(probe);
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    handle.pending();
    let start = Instant::now();
    let failed = service.call(Request::new(())).await.unwrap_err();
    assert_eq!(start.elapsed(), millis(200), "of the second and of the third attempt");
    assert_eq!(stopped(&failed), (3, Stopped::Attempts));
    assert_eq!(failed.code(), Code::Unavailable, "the attempt that arrived tells, not those that were never made");
    assert_eq!(handle.counts().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_readiness_fails_is_not_tried_any_more() {
    let (probe, handle) = Probe::with_errors(|_: Request<()>| (), |why| error(Code::Unavailable).with_source(why));
    handle.script([Reply::Fail]);
    let budget = Budget::new(0.0).burst(1);
    let mut service = retry().backoff(Backoff::none()).budget(budget.clone()).layer(probe);
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    handle.fail_readiness();
    let mut call = Box::pin(service.call(Request::new(())));
    let failed = call.as_mut().await.unwrap_err();
    assert_eq!(stopped(&failed), (2, Stopped::NotReady));
    assert_eq!(handle.counts().calls, 1);
    // While the future that failed still is there.
    assert_eq!(budget.balance(), 1.0);
    drop(call);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_not_made_in_time_gives_its_token_to_the_next() {
    let (probe, handle) = Probe::with_errors(|_: Request<()>| (), |why| error(Code::Unavailable).with_source(why));
    handle.script([Reply::Fail]);
    let budget = Budget::new(0.0).burst(1);
    let layer = retry().attempt_timeout(millis(100)).backoff(Backoff::none()).budget(budget.clone());
    let mut service = layer.layer(probe);
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    handle.pending();
    let call = tokio::spawn(service.call(Request::new(())));
    tokio::time::sleep(millis(150)).await;
    handle.ready();
    call.await.unwrap().unwrap();
    assert_eq!((handle.counts().calls, budget.balance()), (2, 0.0));
}
