use std::future::poll_fn;
use std::time::Duration;

use tower_service::Service;
use towerkit_testing::BoxError;
use towerkit_testing::probe::{Probe, ProbeError, Reply};

const BOUND: Duration = Duration::from_secs(5);

async fn ready<S: Service<u32>>(service: &mut S) -> Result<(), S::Error> {
    poll_fn(|cx| service.poll_ready(cx)).await
}

fn why(error: &BoxError) -> Option<ProbeError> {
    error.downcast_ref::<ProbeError>().copied()
}

#[tokio::test]
async fn a_ready_probe_answers_with_the_function_of_the_request() {
    let (mut probe, handle) = Probe::new(|n: u32| n + 1);
    ready(&mut probe).await.unwrap();
    assert_eq!(probe.call(1).await.unwrap(), 2);
    let counts = handle.counts();
    assert_eq!((counts.calls, counts.started, counts.completed, counts.violations), (1, 1, 1, 0));
}

#[tokio::test]
async fn a_clone_of_a_ready_probe_is_not_ready() {
    let (mut probe, handle) = Probe::new(|n: u32| n);
    ready(&mut probe).await.unwrap();
    let error = probe.clone().call(1).await.unwrap_err();
    assert_eq!(why(&error), Some(ProbeError::NotReady));
    assert_eq!((handle.counts().violations, handle.counts().clones), (1, 1));
    assert!(probe.call(1).await.is_ok());
}

#[tokio::test]
async fn a_call_spends_the_readiness() {
    let (mut probe, handle) = Probe::new(|n: u32| n);
    ready(&mut probe).await.unwrap();
    probe.call(1).await.unwrap();
    assert!(probe.call(2).await.is_err());
    assert_eq!(handle.counts().violations, 1);
}

#[tokio::test]
async fn polling_a_ready_probe_again_readies_nothing_more() {
    let (mut probe, handle) = Probe::new(|n: u32| n);
    ready(&mut probe).await.unwrap();
    handle.pending();
    ready(&mut probe).await.unwrap();
    let counts = handle.counts();
    assert_eq!((counts.readied, counts.idle, counts.polls), (1, 1, 2));
}

#[tokio::test]
async fn a_ready_probe_that_is_dropped_counts_as_wasted() {
    let (mut probe, handle) = Probe::<u32, u32>::new(|n| n);
    ready(&mut probe).await.unwrap();
    drop(probe);
    assert_eq!((handle.counts().idle, handle.counts().wasted), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_pending_probe_wakes_who_waits_when_it_becomes_ready() {
    let (mut probe, handle) = Probe::new(|n: u32| n);
    handle.pending();
    let waiting = tokio::spawn(async move {
        ready(&mut probe).await.unwrap();
        probe.call(7).await
    });
    handle.wait_for(|counts| counts.polls == 1, BOUND).await;
    handle.ready();
    assert_eq!(waiting.await.unwrap().unwrap(), 7);
}

#[tokio::test]
async fn failed_readiness_comes_from_poll_ready() {
    let (mut probe, handle) = Probe::new(|n: u32| n);
    handle.fail_readiness();
    assert_eq!(why(&ready(&mut probe).await.unwrap_err()), Some(ProbeError::Readiness));
}

#[tokio::test(start_paused = true)]
async fn a_held_call_waits_for_its_release_and_a_later_one_for_the_next() {
    let (mut probe, handle) = Probe::new(|n: u32| n);
    handle.hold();
    ready(&mut probe).await.unwrap();
    let first = tokio::spawn(probe.call(1));
    handle.wait_for(|counts| counts.in_flight == 1, BOUND).await;
    handle.release();
    assert_eq!(first.await.unwrap().unwrap(), 1);

    ready(&mut probe).await.unwrap();
    let second = tokio::spawn(probe.call(2));
    handle.wait_for(|counts| counts.in_flight == 1, BOUND).await;
    assert!(!second.is_finished());
    handle.release();
    assert_eq!(second.await.unwrap().unwrap(), 2);
    assert_eq!(handle.counts().peak, 1);
}

#[tokio::test]
async fn the_script_is_drawn_in_the_order_of_the_starts() {
    let (mut probe, handle) = Probe::new(|n: u32| n);
    handle.script([Reply::Fail, Reply::Answer]);
    handle.fail();
    ready(&mut probe).await.unwrap();
    let second = probe.call(2);
    ready(&mut probe).await.unwrap();
    let first = probe.call(1);
    assert_eq!(why(&first.await.unwrap_err()), Some(ProbeError::Scripted));
    assert_eq!(second.await.unwrap(), 2);
    ready(&mut probe).await.unwrap();
    assert!(probe.call(3).await.is_err());
}

#[tokio::test]
async fn a_dropped_future_is_cancelled_whether_or_not_it_was_polled() {
    let (mut probe, handle) = Probe::new(|n: u32| n);
    handle.hold();
    ready(&mut probe).await.unwrap();
    drop(probe.call(1));
    assert_eq!((handle.counts().started, handle.counts().cancelled), (0, 1));

    ready(&mut probe).await.unwrap();
    let call = tokio::time::timeout(Duration::ZERO, probe.call(2)).await;
    assert!(call.is_err());
    let counts = handle.counts();
    assert_eq!((counts.started, counts.cancelled, counts.in_flight, counts.completed), (1, 2, 0, 0));
}
