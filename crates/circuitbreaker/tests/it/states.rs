use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, advance};
use towerkit_circuitbreaker::policy::{ConsecutiveFailures, Counts, Outcome, Policy, Tally, Trip};
use towerkit_circuitbreaker::{Breaker, BreakerSettings, CircuitChange, CircuitState, SleepWindow, Verdict};
use towerkit_endpoint::Code;
use towerkit_testing::events::Events;

use super::{Do, FAIL, Rig, is_refused, poll};

const SLEEP: Duration = Duration::from_secs(5);

fn settings() -> BreakerSettings {
    BreakerSettings::new(ConsecutiveFailures::new(3))
}

#[tokio::test(start_paused = true)]
async fn it_opens_when_the_policy_says_so_and_refuses() {
    let mut rig = Rig::new(settings());
    rig.calls([FAIL; 3]).await;
    assert_eq!(rig.state(), "open");
    advance(Duration::from_millis(1800)).await;
    let refused = rig.call(Do::Succeed).await;
    assert!(is_refused(&refused));
    let error = refused.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "the circuit breaker is open"));
    assert_eq!(error.retry_after(), Some(Duration::from_millis(3200)));
    assert_eq!(error.metadata().get("retry-after"), Some("4"));
    assert_eq!(rig.reached(), 3);
}

#[tokio::test(start_paused = true)]
async fn after_its_sleep_one_good_probe_closes_it() {
    let mut rig = Rig::new(settings());
    rig.calls([FAIL; 3]).await;
    advance(SLEEP).await;
    assert_eq!(rig.state(), "open", "there is no timer: the next call makes it half open");
    rig.call(Do::Succeed).await.unwrap();
    assert_eq!(rig.state(), "closed");
    rig.calls([FAIL; 2]).await;
    assert_eq!(rig.state(), "closed", "it counts anew");
}

#[tokio::test(start_paused = true)]
async fn a_bad_probe_opens_it_for_the_next_sleep() {
    let mut rig = Rig::new(settings().sleep_window(SleepWindow::each([1, 2, 4].map(Duration::from_secs))));
    rig.calls([FAIL; 3]).await;
    for sleep in [1, 2, 4, 4] {
        advance(Duration::from_secs(sleep) - Duration::from_millis(1)).await;
        assert!(is_refused(&rig.call(FAIL).await), "{sleep}");
        advance(Duration::from_millis(1)).await;
        assert!(!is_refused(&rig.call(FAIL).await), "{sleep}");
        assert_eq!(rig.state(), "open");
    }
    advance(Duration::from_secs(4)).await;
    rig.call(Do::Succeed).await.unwrap();
    rig.calls([FAIL; 3]).await;
    advance(Duration::from_secs(1)).await;
    assert!(!is_refused(&rig.call(Do::Succeed).await), "a circuit that has closed starts over with the first sleep");
}

#[tokio::test(start_paused = true)]
async fn half_open_admits_its_probes_and_no_more() {
    let mut rig = Rig::new(settings().probes(2));
    rig.calls([FAIL; 3]).await;
    advance(SLEEP).await;
    let held = [rig.start(Do::Hang), rig.start(Do::Hang)];
    assert_eq!(rig.state(), "half_open");
    for _ in 0..10 {
        assert!(is_refused(&rig.call(Do::Succeed).await));
    }
    assert_eq!(rig.reached(), 5);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn all_probes_must_go_well() {
    let mut rig = Rig::new(settings().probes(3));
    rig.calls([FAIL; 3]).await;
    advance(SLEEP).await;
    rig.calls([Do::Succeed; 2]).await;
    assert_eq!(rig.state(), "half_open");
    rig.call(Do::Succeed).await.unwrap();
    assert_eq!(rig.state(), "closed");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_gives_its_place_back() {
    let mut rig = Rig::new(settings());
    rig.calls([FAIL; 3]).await;
    advance(SLEEP).await;
    // Dropped before its first poll, and dropped midway.
    drop(rig.start(Do::Hang));
    let mut midway = rig.start(Do::Hang);
    assert!(poll(&mut midway).is_pending());
    assert!(is_refused(&rig.call(Do::Succeed).await));
    drop(midway);
    rig.call(Do::Succeed).await.unwrap();
    assert_eq!(rig.state(), "closed");
}

#[tokio::test(start_paused = true)]
async fn cancelled_calls_count_as_nothing() {
    let mut rig = Rig::new(settings());
    rig.calls([FAIL; 2]).await;
    for _ in 0..10 {
        drop(rig.start(FAIL));
    }
    assert_eq!(rig.breaker.snapshot().counts.failures, 2);
    assert_eq!(rig.state(), "closed");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_neither_ends_nor_is_dropped_has_failed_after_its_time() {
    let mut rig = Rig::new(settings().probe_timeout(Duration::from_secs(7)));
    rig.calls([FAIL; 3]).await;
    advance(SLEEP).await;
    let stuck = rig.start(Do::Hang);
    advance(Duration::from_secs(7)).await;
    assert!(is_refused(&rig.call(Do::Succeed).await));
    assert_eq!(rig.state(), "open");
    advance(SLEEP).await;
    rig.call(Do::Succeed).await.unwrap();
    assert_eq!(rig.state(), "closed");
    drop(stuck);
    assert_eq!(rig.state(), "closed");
}

#[tokio::test(start_paused = true)]
async fn what_a_call_of_an_earlier_stay_says_is_not_believed() {
    let mut rig = Rig::new(settings());
    let mut early: Vec<_> = (0..3).map(|_| rig.start(FAIL)).collect();
    let good = rig.start(Do::Succeed);
    rig.calls([FAIL; 3]).await;
    advance(SLEEP).await;
    let mut probe = rig.start(FAIL);
    good.await.unwrap();
    assert_eq!(rig.state(), "half_open", "a success from before it opened does not close it");
    assert!(poll(&mut probe).is_ready());
    advance(SLEEP).await;
    rig.call(Do::Succeed).await.unwrap();
    for call in &mut early {
        assert!(poll(call).is_ready());
    }
    assert_eq!(rig.state(), "closed", "failures from before it opened don't open it again");
    assert_eq!(rig.breaker.snapshot().counts.failures, 0);
}

#[tokio::test(start_paused = true)]
async fn domain_refusals_are_answers() {
    let mut rig = Rig::new(settings());
    rig.calls([FAIL, FAIL, Do::Fail(Code::NotFound), FAIL, FAIL, Do::Fail(Code::PermissionDenied), FAIL]).await;
    assert_eq!(rig.state(), "closed");
}

#[tokio::test(start_paused = true)]
async fn forced_it_does_not_heed_its_calls() {
    let mut rig = Rig::new(settings());
    rig.breaker.force_closed();
    rig.calls([FAIL; 100]).await;
    assert_eq!((rig.state(), rig.reached()), ("closed", 100));

    rig.breaker.force_open();
    advance(Duration::from_secs(3600)).await;
    let refused = rig.call(Do::Succeed).await;
    assert!(is_refused(&refused));
    assert_eq!(refused.unwrap_err().retry_after(), None, "nobody knows");
    assert!(rig.breaker.snapshot().forced);

    rig.breaker.reset();
    rig.call(Do::Succeed).await.unwrap();
    rig.calls([FAIL; 3]).await;
    assert_eq!(rig.state(), "open");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_state_counts_and_since_when() {
    let mut rig = Rig::new(settings());
    rig.calls([FAIL; 2]).await;
    let snapshot = rig.breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.counts.failures, snapshot.opened), (CircuitState::Closed, 2, 0));
    advance(Duration::from_secs(1)).await;
    let opened_at = Instant::now();
    rig.calls([FAIL; 5]).await;
    advance(Duration::from_secs(1)).await;
    let snapshot = rig.breaker.snapshot();
    assert_eq!((snapshot.since, snapshot.refused, snapshot.opened), (opened_at, 4, 1));
    assert!(matches!(snapshot.state, CircuitState::Open { until: Some(until), .. } if until == opened_at + SLEEP));
}

#[tokio::test(start_paused = true)]
async fn the_listener_hears_every_change_in_order() {
    let heard = Events::new();
    let told = heard.clone();
    let mut rig = Rig::new(settings().on_change(move |change: &CircuitChange| told.push(change.to_string())));
    rig.calls([FAIL; 3]).await;
    advance(SLEEP).await;
    rig.calls([FAIL]).await;
    advance(SLEEP).await;
    rig.calls([Do::Succeed]).await;
    let expected =
        ["closed -> open", "open -> half_open", "half_open -> open", "open -> half_open", "half_open -> closed"];
    assert_eq!(heard.snapshot(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_listener_may_ask_and_force_the_breaker() {
    let slot: Arc<std::sync::OnceLock<Breaker>> = Arc::default();
    let heard = Events::new();
    let (breaker, told) = (Arc::clone(&slot), heard.clone());
    let listener = move |change: &CircuitChange| {
        told.push((change.to_string(), breaker.get().unwrap().state().as_str()));
        if change.to.as_str() == "open" {
            breaker.get().unwrap().force_closed();
        }
    };
    let mut rig = Rig::new(settings().on_change(listener));
    slot.set(rig.breaker.clone()).unwrap();
    rig.calls([FAIL; 3]).await;
    let expected = [("closed -> open".to_owned(), "open"), ("open -> closed".to_owned(), "closed")];
    assert_eq!(heard.snapshot(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_does_not_wait_for_its_service() {
    use tower::Service as _;
    use tower_layer::Layer as _;
    let (probe, handle) = towerkit_testing::probe::Probe::<(), ()>::new(|()| ());
    let breaker = Breaker::new(settings());
    let mut service = towerkit_circuitbreaker::CircuitBreakerLayer::new(breaker.clone()).layer(probe);
    handle.pending();
    breaker.force_open();
    std::future::poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    assert!(service.call(()).await.is_err());
    breaker.reset();
    assert!(poll(std::future::poll_fn(|cx| service.poll_ready(cx))).is_pending(), "a closed one does");
    assert_eq!(handle.counts().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_layer_inside_refuses_is_ignored() {
    use tower::ServiceExt as _;
    let breaker = Breaker::new(
        BreakerSettings::new(ConsecutiveFailures::new(1)).sleep_window(SleepWindow::constant(Duration::ZERO)),
    );
    let service = tower::ServiceBuilder::new()
        .layer(towerkit_circuitbreaker::CircuitBreakerLayer::new(breaker.clone()))
        .load_shed()
        .concurrency_limit(1)
        .service(tower::service_fn(|what: Do| async move {
            match what {
                Do::Succeed => Ok::<_, towerkit_endpoint::BoxError>(()),
                Do::Fail(code) => Err(code.into()),
                Do::Hang => std::future::pending().await,
            }
        }));
    let mut held = Box::pin(service.clone().oneshot(Do::Hang));
    assert!(poll(&mut held).is_pending());
    assert!(service.clone().oneshot(Do::Succeed).await.is_err(), "it is shed");
    assert_eq!(breaker.state().as_str(), "closed");
    drop(held);

    assert!(service.clone().oneshot(FAIL).await.is_err());
    assert_eq!(breaker.state().as_str(), "open");
}

#[tokio::test(start_paused = true)]
async fn a_probe_of_an_earlier_stay_does_not_count_in_a_later_one() {
    let mut rig = Rig::new(settings().probes(2));
    rig.calls([FAIL; 3]).await;
    advance(SLEEP).await;
    let (early, bad) = (rig.start(Do::Succeed), rig.start(FAIL));
    assert!(bad.await.is_err());
    advance(SLEEP).await;
    rig.call(Do::Succeed).await.unwrap();
    early.await.unwrap();
    assert_eq!(rig.state(), "half_open", "one of two probes has gone well");
    rig.call(Do::Succeed).await.unwrap();
    assert_eq!(rig.state(), "closed");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_ignored_makes_room_for_another() {
    use tower::{Service as _, ServiceExt as _};
    use tower_layer::Layer as _;
    let breaker = Breaker::new(
        BreakerSettings::new(ConsecutiveFailures::new(1)).sleep_window(SleepWindow::constant(Duration::ZERO)),
    );
    let ignores = |result: &Result<(), towerkit_endpoint::Error>| match result {
        Err(error) if error.code() == Code::Aborted => Verdict::Ignored,
        result => result.is_err().into(),
    };
    let layer = towerkit_circuitbreaker::CircuitBreakerLayer::new(breaker.clone()).judge(ignores);
    let mut service = layer.layer(super::Obedient::default());
    let _ = service.ready().await.unwrap().call(FAIL).await;
    let _ = service.ready().await.unwrap().call(Do::Fail(Code::Aborted)).await;
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    service.ready().await.unwrap().call(Do::Succeed).await.unwrap();
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_not_made_ready_is_not_called_though_the_sleep_is_over_meanwhile() {
    use tower::Service as _;
    use tower_layer::Layer as _;
    let (probe, handle) = towerkit_testing::probe::Probe::<(), ()>::new(|()| ());
    let breaker = Breaker::new(settings());
    let mut service = towerkit_circuitbreaker::CircuitBreakerLayer::new(breaker.clone()).layer(probe);
    handle.fail();
    for _ in 0..3 {
        std::future::poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
        assert!(service.call(()).await.is_err());
    }
    handle.answer();
    std::future::poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    advance(SLEEP).await;
    assert!(service.call(()).await.is_err(), "it was ready to refuse, and nothing else");
    std::future::poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    service.call(()).await.unwrap();
    assert_eq!((handle.counts().calls, handle.counts().violations), (4, 0));
}

/// A tally that, while it is asked about one call, lets another end that opens the circuit.
#[derive(Clone, Default)]
struct Meanwhile(Arc<std::sync::Mutex<Option<super::Held>>>);

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl Policy for Meanwhile {
    fn tally(&self) -> Box<dyn Tally> {
        Box::new(self.clone())
    }
}

impl Tally for Meanwhile {
    fn record(&self, _: &Outcome) -> Option<Trip> {
        let other = self.0.lock().unwrap().take();
        if let Some(mut other) = other {
            assert!(poll(&mut other).is_ready());
        }
        Some(Trip::new())
    }

    fn reset(&self, _: Instant) {}

    fn counts(&self, _: Instant) -> Counts {
        Counts::default()
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_calls_that_open_the_circuit_at_once_one_does() {
    let policy = Meanwhile::default();
    let mut rig = Rig::new(BreakerSettings::new(policy.clone()));
    *policy.0.lock().unwrap() = Some(rig.start(FAIL));
    rig.calls([FAIL]).await;
    assert_eq!(rig.breaker.snapshot().opened, 1);
}
