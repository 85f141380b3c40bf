//! 64 tasks on two threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, yield_now};
use tower::{Service as _, ServiceExt as _, service_fn};
use tower_layer::Layer as _;
use towerkit_endpoint::Error;
use towerkit_ratelimit::adaptive::Aimd;
use towerkit_ratelimit::{AdaptiveLimitLayer, Quota, RateLimitLayer, RateLimiter};

const TASKS: u64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_long_run_rate_is_the_one_that_is_set() {
    const RATE: u32 = 50_000;
    // What a machine that stops all threads for a fifth of a second makes up for. It is used up beforehand.
    const BURST: u32 = RATE / 5;
    let limiter = RateLimiter::new(Quota::per_second(RATE).burst(BURST));
    let use_up = || (0_u32..).find(|_| limiter.try_acquire().is_err()).unwrap();
    assert!(use_up() >= BURST);
    let start = Instant::now();
    let layer = RateLimitLayer::new(limiter.clone());
    let passed = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let counter = Arc::clone(&passed);
        let mut service = layer.layer(service_fn(move |()| {
            counter.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, Error>(()) }
        }));
        tasks.spawn(async move {
            while start.elapsed() < Duration::from_millis(1500) {
                for _ in 0..100 {
                    let _ = service.ready().await.unwrap().call(()).await;
                }
                yield_now().await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let passed = passed.load(Ordering::Relaxed) as f64 + f64::from(use_up());
    let due = start.elapsed().as_secs_f64() * f64::from(RATE);
    assert!((passed / due - 1.0).abs() < 0.01, "{passed} of {due}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_adaptive_limit_loses_no_permit() {
    let layer = AdaptiveLimitLayer::new(Aimd::new().bounds(1..=50));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let mut service = layer.layer(service_fn(|fail: bool| async move {
            yield_now().await;
            if fail { Err(Error::from(towerkit_endpoint::Code::ResourceExhausted)) } else { Ok(()) }
        }));
        tasks.spawn(async move {
            for n in 0..500 {
                let call = service.ready().await.unwrap().call((n + task) % 7 == 0);
                if (n + task) % 3 == 0 {
                    tokio::select! { biased; () = yield_now() => {} _ = call => {} }
                } else {
                    let _ = call.await;
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(layer.in_flight(), 0);
    // As many as the limit says can be taken, and no more.
    let mut held = Vec::new();
    for _ in 0..layer.limit() {
        let mut service = layer.layer(service_fn(|()| async { Ok::<_, Error>(()) }));
        service.ready().await.unwrap();
        held.push(service);
    }
    let mut one_more = layer.layer(service_fn(|()| async { Ok::<_, Error>(()) }));
    assert!(super::poll(one_more.ready()).is_pending());
}
