use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::sync::Semaphore;
use tokio::time::{Instant, advance, sleep, timeout};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};
use towerkit_endpoint::{Code, Error};
use towerkit_ratelimit::AdaptiveLimitLayer;
use towerkit_ratelimit::adaptive::{Aimd, Gradient, Limit, Sample, Vegas};

use super::poll;

const fn sample(ms: u64, in_flight: usize, dropped: bool) -> Sample {
    Sample { took: Duration::from_millis(ms), in_flight, dropped }
}

/// A server that works on 50 calls at a time, 10 ms each, so that by Little's law 50 calls in flight are all that it can use; the
/// others wait before it, each no longer than `patience`.
fn server(
    patience: Duration,
) -> impl Fn(()) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> + Clone {
    let workers = Arc::new(Semaphore::new(50));
    move |()| {
        let workers = Arc::clone(&workers);
        Box::pin(async move {
            let worker =
                timeout(patience, workers.acquire_owned()).await.map_err(|_| Error::from(Code::ResourceExhausted))?;
            sleep(Duration::from_millis(10)).await;
            drop(worker);
            Ok(())
        })
    }
}

/// What 400 callers that call again and again make of it in 20 s: the median of the limit in the second half, answers a second, and the mean latency.
async fn settle(limit: impl Limit, patience: Duration) -> (usize, f64, Duration) {
    let layer = AdaptiveLimitLayer::new(limit);
    let service = ServiceBuilder::new().load_shed().layer(layer.clone()).service(service_fn(server(patience)));
    let (answers, total) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    let (warm, end) = (start + Duration::from_secs(10), start + Duration::from_secs(20));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..400 {
        let (service, answers, total) = (service.clone(), Arc::clone(&answers), Arc::clone(&total));
        tasks.spawn(async move {
            sleep(Duration::from_micros(n * 37)).await;
            while Instant::now() < end {
                let began = Instant::now();
                let answered = service.clone().oneshot(()).await.is_ok();
                if answered && began > warm {
                    answers.fetch_add(1, Ordering::Relaxed);
                    total.fetch_add(began.elapsed().as_micros() as u64, Ordering::Relaxed);
                }
                if !answered {
                    sleep(Duration::from_millis(5)).await;
                }
            }
        });
    }
    let mut limits = Vec::new();
    tokio::time::sleep_until(warm).await;
    while Instant::now() < end {
        limits.push(layer.limit());
        sleep(Duration::from_millis(10)).await;
    }
    limits.sort_unstable();
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let answers = answers.load(Ordering::Relaxed);
    let mean = Duration::from_micros(total.load(Ordering::Relaxed) / answers.max(1));
    (limits[limits.len() / 2], answers as f64 / 10.0, mean)
}

#[tokio::test(start_paused = true)]
async fn vegas_finds_the_capacity_and_keeps_the_queue_short() {
    let (limit, rate, latency) = settle(Vegas::new(), Duration::from_secs(10)).await;
    println!("vegas {limit} {rate} {latency:?}");
    assert!((45..=80).contains(&limit), "{limit}");
    assert!(rate > 4000.0 && latency < Duration::from_millis(20), "{rate} {latency:?}");
}

#[tokio::test(start_paused = true)]
async fn the_gradient_finds_the_capacity() {
    let (limit, rate, latency) = settle(Gradient::new(), Duration::from_secs(10)).await;
    println!("gradient {limit} {rate} {latency:?}");
    assert!((45..=150).contains(&limit), "{limit}");
    assert!(rate > 4000.0 && latency < Duration::from_millis(40), "{rate} {latency:?}");
}

#[tokio::test(start_paused = true)]
async fn aimd_holds_a_server_that_refuses_at_its_brink() {
    let (limit, rate, latency) = settle(Aimd::new(), Duration::from_millis(5)).await;
    println!("aimd {limit} {rate} {latency:?}");
    assert!((40..=90).contains(&limit), "{limit}");
    assert!(rate > 4000.0 && latency < Duration::from_millis(20), "{rate} {latency:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_shrinks_waits_for_the_calls_in_flight() {
    let layer = AdaptiveLimitLayer::new(Aimd::new().bounds(1..=20));
    let held = Arc::new(Semaphore::new(0));
    let service = {
        let held = Arc::clone(&held);
        ServiceBuilder::new().layer(layer.clone()).service(service_fn(move |code: Option<Code>| {
            let held = Arc::clone(&held);
            async move {
                match code {
                    Some(code) => Err(Error::from(code)),
                    None => {
                        held.acquire().await.unwrap().forget();
                        Ok(())
                    }
                }
            }
        }))
    };
    let mut calls: Vec<_> = (0..15).map(|_| Box::pin(service.clone().oneshot(None))).collect();
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
    for _ in 0..8 {
        assert!(service.clone().oneshot(Some(Code::ResourceExhausted)).await.is_err());
        if layer.limit() <= layer.in_flight() {
            break;
        }
    }
    assert!(layer.limit() <= 15, "{}", layer.limit());
    let mut one_more = Box::pin(service.clone().oneshot(None));
    assert!(poll(&mut one_more).is_pending());
    assert_eq!(layer.in_flight(), 15, "it waits for a permit");
    drop(one_more);
    drop(calls);
    assert_eq!(layer.in_flight(), 0);
    assert!(service.oneshot(Some(Code::NotFound)).await.is_err(), "cancelled calls gave their permits back");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_domain_is_no_drop_and_a_cancelled_call_teaches_nothing() {
    let layer = AdaptiveLimitLayer::new(Aimd::new());
    let service = ServiceBuilder::new().layer(layer.clone()).service(service_fn(|code: Option<Code>| async move {
        sleep(Duration::from_millis(1)).await;
        code.map_or(Ok(()), |code| Err(Error::from(code)))
    }));
    for code in [Code::NotFound, Code::InvalidArgument, Code::Internal, Code::Unavailable] {
        let _ = service.clone().oneshot(Some(code)).await;
        assert_eq!(layer.limit(), 20);
    }
    let mut cancelled = Box::pin(service.clone().oneshot(Some(Code::ResourceExhausted)));
    assert!(poll(&mut cancelled).is_pending());
    advance(Duration::from_secs(10)).await;
    drop(cancelled);
    assert_eq!(layer.limit(), 20);
    for code in [Code::DeadlineExceeded, Code::ResourceExhausted] {
        let before = layer.limit();
        let _ = service.clone().oneshot(Some(code)).await;
        assert!(layer.limit() < before);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unavailable_that_sheds_load_is_a_drop() {
    let layer = AdaptiveLimitLayer::new(Aimd::new());
    let shed = ServiceBuilder::new().layer(layer.clone()).service(service_fn(|()| async {
        Err::<(), _>(
            Error::from(Code::Unavailable).with_extension(towerkit_endpoint::RetryAfter(Duration::from_secs(1))),
        )
    }));
    assert!(shed.oneshot(()).await.is_err());
    assert_eq!(layer.limit(), 18);
}

#[test]
fn vegas_learns_the_shortest_latency_anew() {
    let mut limit = Vegas::new().bounds(1..=100);
    limit.update(&sample(1, 100, false)); // one lucky call
    for _ in 0..200_000 {
        limit.update(&sample(10, 100, false));
    }
    assert!((50..=100).contains(&limit.limit()), "10 ms is what it takes, and there is no queue");
}

#[test]
fn a_limit_that_is_not_used_does_not_grow() {
    let limits: [Box<dyn Limit>; 3] = [Box::new(Aimd::new()), Box::new(Vegas::new()), Box::new(Gradient::new())];
    for mut limit in limits {
        for _ in 0..5000 {
            limit.update(&sample(10, 3, false));
            assert!(limit.limit() <= 20, "{limit:?}");
        }
    }
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    vec(
        (0_u64..5000, 0_usize..2000, prop::bool::weighted(0.2)).prop_map(|(ms, n, dropped)| sample(ms, n, dropped)),
        0..500,
    )
}

proptest! {
    #[test]
    fn every_limit_stays_within_its_bounds(samples in samples(), least in 0_usize..50, more in 0_usize..500) {
        let limits: [Box<dyn Limit>; 3] = [
            Box::new(Aimd::new().bounds(least..=least + more)),
            Box::new(Vegas::new().bounds(least..=least + more)),
            Box::new(Gradient::new().bounds(least..=least + more)),
        ];
        for mut limit in limits {
            for sample in &samples {
                limit.update(sample);
                prop_assert!((least.max(1)..=(least + more).max(1)).contains(&limit.limit()), "{:?}", limit);
            }
        }
    }

    #[test]
    fn a_dropped_call_never_raises_a_limit(samples in samples(), last in (0_u64..5000, 0_usize..2000)) {
        let limits: [Box<dyn Limit>; 3] = [Box::new(Aimd::new()), Box::new(Vegas::new()), Box::new(Gradient::new())];
        for mut limit in limits {
            for sample in &samples {
                limit.update(sample);
            }
            let before = limit.limit();
            limit.update(&sample(last.0, last.1, true));
            prop_assert!(limit.limit() <= before);
        }
    }
}
