//! Hedging at a percentile of recent latencies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use towerkit_endpoint::{Code, Error, Request};
use towerkit_retry::HedgeLayer;

use crate::scripted::{Scripted, Step, error, millis, steps};

const LONG: Duration = Duration::from_secs(3600);

fn layer() -> HedgeLayer {
    HedgeLayer::percentile(90.0).min_samples(20).idempotent().without_budget()
}

async fn call(service: &mut impl Service<Request<()>, Response = usize, Error = Error>) -> Duration {
    let start = Instant::now();
    let _ = service.ready().await.unwrap().call(Request::new(())).await;
    start.elapsed()
}

/// The calls of a script that end with one that hangs, and how long that one took.
async fn after(layer: HedgeLayer, script: Vec<Step>) -> (Scripted, Duration) {
    let calls = script.len();
    let inner = steps(script.into_iter().chain([(millis(1000), Ok(0))]));
    let mut service = layer.layer(inner.clone());
    for _ in 0..calls {
        call(&mut service).await;
    }
    let took = call(&mut service).await;
    (inner, took)
}

fn fast(calls: usize) -> Vec<Step> {
    (0..calls).map(|_| (millis(10), Ok(0))).collect()
}

#[tokio::test(start_paused = true)]
async fn there_is_no_hedge_below_the_minimum_of_samples() {
    let (inner, took) = after(layer(), fast(19)).await;
    assert_eq!((inner.count(), took), (20, millis(1000)));
}

#[tokio::test(start_paused = true)]
async fn with_samples_enough_a_late_call_is_hedged_at_the_percentile() {
    let (inner, took) = after(layer(), fast(20)).await;
    assert_eq!(inner.count(), 22);
    assert!(took >= millis(10) && took <= millis(13), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn faults_are_no_samples_for_a_service_that_fails_fast_is_not_fast() {
    let faults = (0..50).map(|_| (Duration::ZERO, Err(error(Code::Unavailable))));
    let (_, took) = after(layer(), faults.collect()).await;
    assert_eq!(took, millis(1000));
}

#[tokio::test(start_paused = true)]
async fn calls_that_may_not_be_hedged_are_no_samples() {
    let layer = HedgeLayer::percentile(90.0).min_samples(20);
    let (_, took) = after(layer, fast(50)).await;
    assert_eq!(took, millis(1000));
}

/// First attempts take 1 to 100 ms, all of them as often; the hedges of one call of ten are answered at once.
#[tokio::test(start_paused = true)]
async fn a_hedged_call_counts_from_its_first_attempt_so_that_the_delay_does_not_fall() {
    let (calls, attempts) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut service = layer().min_samples(100).layer(service_fn({
        let (calls, attempts) = (Arc::clone(&calls), Arc::clone(&attempts));
        let last = Arc::new(AtomicU64::new(u64::MAX));
        move |_: Request<()>| {
            attempts.fetch_add(1, Ordering::Relaxed);
            let call = calls.load(Ordering::Relaxed);
            let first = last.swap(call, Ordering::Relaxed) != call;
            // 37 and 100 have no common divisor: in a hundred calls each latency comes once.
            let latency = if first { millis(call * 37 % 100 + 1) } else { Duration::ZERO };
            async move {
                sleep(latency).await;
                Ok::<_, Error>(0)
            }
        }
    }));
    let mut hedges = 0;
    for number in 0..4000 {
        calls.store(number, Ordering::Relaxed);
        let before = attempts.load(Ordering::Relaxed);
        call(&mut service).await;
        if number >= 3000 {
            hedges += attempts.load(Ordering::Relaxed) - before - 1;
        }
    }
    assert!((50..=130).contains(&hedges), "{hedges} of 1000 calls were hedged");
}

#[tokio::test(start_paused = true)]
async fn clones_learn_together() {
    let inner = steps(fast(20).into_iter().chain([(LONG, Ok(0)), (Duration::ZERO, Ok(5))]));
    let service = layer().layer(inner);
    for _ in 0..20 {
        call(&mut service.clone()).await;
    }
    assert!(call(&mut service.clone()).await < millis(20));
}

#[tokio::test(start_paused = true)]
async fn percents_that_make_no_sense_are_brought_into_range() {
    for (percent, hedged_after) in [(f64::NAN, 10), (-5.0, 10), (1000.0, 30)] {
        let layer = HedgeLayer::percentile(percent).min_samples(20).idempotent().without_budget();
        let mut script = fast(19);
        script.push((millis(30), Ok(0)));
        let (_, took) = after(layer, script).await;
        assert!(took.abs_diff(millis(hedged_after)) <= millis(3), "{percent}: {took:?}");
    }
}
