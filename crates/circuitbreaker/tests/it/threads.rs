//! 64 tasks on two threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::{JoinSet, yield_now};
use tower::{Service as _, ServiceExt as _, service_fn};
use tower_layer::Layer as _;
use towerkit_circuitbreaker::policy::{ConsecutiveFailures, FailureRate};
use towerkit_circuitbreaker::{Breaker, BreakerSettings, CircuitBreakerLayer, SleepWindow};
use towerkit_endpoint::{Code, Error};

const TASKS: u64 = 64;

/// Counts who is inside, and the most that ever were.
#[derive(Clone, Default)]
struct Room(Arc<(AtomicUsize, AtomicUsize)>);

impl Room {
    fn enter(&self) -> Self {
        let inside = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(inside, Ordering::SeqCst);
        self.clone()
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

struct Inside(Room);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_never_admits_more_than_its_probe() {
    // It is never closed: every call fails or is cancelled, and its sleep is over at once. So all that get in are probes.
    let settings =
        BreakerSettings::new(ConsecutiveFailures::new(1)).sleep_window(SleepWindow::constant(Duration::ZERO));
    let breaker = Breaker::new(settings);
    let room = Room::default();
    let service = {
        let room = room.clone();
        CircuitBreakerLayer::new(breaker.clone()).layer(service_fn(move |()| {
            let room = room.clone();
            async move {
                let _inside = Inside(room.enter());
                for _ in 0..3 {
                    yield_now().await;
                }
                Err::<(), _>(Error::from(Code::Unavailable))
            }
        }))
    };
    service.clone().oneshot(()).await.unwrap_err();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let mut service = service.clone();
        tasks.spawn(async move {
            for n in 0..500 {
                let call = service.ready().await.unwrap().call(());
                if (n + task) % 3 == 0 {
                    tokio::select! { biased; _ = call => {} () = yield_now() => {} }
                } else {
                    let _ = call.await;
                }
                yield_now().await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert!(breaker.snapshot().opened > 100, "{:?}", breaker.snapshot());
    assert_eq!(room.most(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_that_stay_are_never_more_than_are_admitted() {
    for probes in [1, 3, 10] {
        let settings = BreakerSettings::new(ConsecutiveFailures::new(1))
            .sleep_window(SleepWindow::constant(Duration::from_millis(1)))
            .probes(probes);
        let breaker = Breaker::new(settings);
        let reached = Arc::new(AtomicU64::new(0));
        let service = {
            let reached = Arc::clone(&reached);
            CircuitBreakerLayer::new(breaker.clone()).layer(service_fn(move |fail: bool| {
                reached.fetch_add(u64::from(!fail), Ordering::SeqCst);
                async move { if fail { Err(Error::from(Code::Unavailable)) } else { std::future::pending().await } }
            }))
        };
        let _: Result<(), Error> = service.clone().oneshot(true).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        let mut tasks = JoinSet::new();
        let settled = Arc::new(AtomicU64::new(0));
        for _ in 0..TASKS {
            let (service, settled) = (service.clone(), Arc::clone(&settled));
            tasks.spawn(async move {
                let refused = service.oneshot(false).await;
                settled.fetch_add(1, Ordering::SeqCst);
                refused
            });
        }
        while settled.load(Ordering::SeqCst) < TASKS - u64::from(probes) {
            yield_now().await;
        }
        assert_eq!(reached.load(Ordering::SeqCst), u64::from(probes));
        assert_eq!(breaker.snapshot().state.as_str(), "half_open");
        tasks.shutdown().await;
        // They were cancelled, so that all places are free again.
        for _ in 0..probes {
            let held = service.clone().oneshot(false);
            assert!(
                tokio::time::timeout(Duration::from_millis(1), held).await.is_err(),
                "admitted, and then cancelled"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_from_the_count() {
    let breaker = Breaker::new(FailureRate::new(2.0).window(Duration::from_secs(3600)));
    let layer = CircuitBreakerLayer::new(breaker.clone());
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let mut service = layer.layer(service_fn(|fail: bool| async move {
            if fail { Err(Error::from(Code::Unavailable)) } else { Ok(()) }
        }));
        tasks.spawn(async move {
            for n in 0..1000 {
                let _ = service.ready().await.unwrap().call((n + task) % 4 == 0).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let counts = breaker.snapshot().counts;
    assert_eq!((counts.calls, counts.failures), (TASKS * 1000, TASKS * 250));
}
