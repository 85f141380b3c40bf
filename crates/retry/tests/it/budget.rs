//! Extra attempts never exceed their share of the traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinSet;
use tower::{Layer, Service, ServiceExt, service_fn};
use towerkit_endpoint::{Code, Error, Request};
use towerkit_retry::{Backoff, Budget, Exhausted, HedgeLayer, RetryLayer, Stopped};

use crate::scripted::{error, failing, millis};

const TASKS: u64 = 64;
const CALLS: u64 = 500;

fn retry() -> RetryLayer {
    RetryLayer::new().idempotent().backoff(Backoff::none())
}

/// All calls fail, from 64 tasks on two threads: at no moment are there more retries than the budget allows. How many
/// there were in the end, and how many there might have been.
async fn hold_to(share: f64, burst: u32) -> (f64, f64) {
    let (calls, attempts) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let budget = Budget::new(share).burst(burst);
    let service = retry().attempts(4).budget(budget.clone()).layer(service_fn({
        let (calls, attempts) = (Arc::clone(&calls), Arc::clone(&attempts));
        move |_: Request<()>| {
            let attempts = attempts.fetch_add(1, Ordering::SeqCst) + 1;
            // Read after: each call counts itself before its first attempt.
            let calls = calls.load(Ordering::SeqCst);
            let allowed = calls as f64 * (1.0 + share) + f64::from(burst);
            assert!(attempts as f64 <= allowed + 1e-6, "{attempts} attempts of {calls} calls");
            async {
                tokio::task::yield_now().await;
                Err::<(), _>(Error::from(Code::Unavailable))
            }
        }
    }));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (mut service, calls) = (service.clone(), Arc::clone(&calls));
        tasks.spawn(async move {
            for _ in 0..CALLS {
                calls.fetch_add(1, Ordering::SeqCst);
                service.ready().await.unwrap().call(Request::new(())).await.unwrap_err();
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let retries = attempts.load(Ordering::SeqCst) - TASKS * CALLS;
    let all = f64::from(burst) + share * (TASKS * CALLS) as f64;
    assert!(retries as f64 + budget.balance() <= all + 1e-6, "{retries} retries of {all} allowed");
    (retries as f64, all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_share_is_never_exceeded_by_64_tasks_on_two_threads() {
    for (share, burst) in [(0.2, 10), (0.001, 1), (0.5, 3), (1.0, 1), (0.3, 0)] {
        hold_to(share, burst).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_share_is_used_to_the_full_but_for_what_does_not_fit_in() {
    let (retries, all) = hold_to(0.2, 100).await;
    // The first call of each task finds the bucket full, or nearly so.
    assert!(retries >= all - 0.2 * TASKS as f64 - 1.0, "{retries} retries of {all} allowed");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_budget_fails_with_what_it_has() {
    let service = failing((0..100).map(|_| error(Code::Unavailable)));
    let budget = Budget::new(0.0).burst(1);
    let layer = retry().budget(budget.clone());
    let first = layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(first.find::<Exhausted>().unwrap().stopped(), Stopped::Budget);
    assert_eq!((service.count(), budget.balance()), (2, 0.0));
    layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(service.count(), 3, "an attempt without a retry");
}

#[tokio::test(start_paused = true)]
async fn each_call_that_is_made_deposits_its_share() {
    let budget = Budget::new(0.25).burst(2);
    let mut service =
        retry().budget(budget.clone()).layer(failing([error(Code::Unavailable), error(Code::Unavailable)]));
    let mut balances = Vec::new();
    for _ in 0..6 {
        service.ready().await.unwrap().call(Request::new(())).await.unwrap();
        balances.push(budget.balance());
    }
    assert_eq!(balances, [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]);
    drop(service.ready().await.unwrap().call(Request::new(())));
    assert_eq!(budget.balance(), 1.25, "a call that is never polled is none");
}

#[tokio::test(start_paused = true)]
async fn layers_that_are_given_one_budget_share_it() {
    let budget = Budget::new(0.0).burst(3);
    let service = failing((0..100).map(|_| error(Code::Unavailable)));
    for _ in 0..5 {
        let layer = retry().attempts(2).budget(budget.clone());
        layer.layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();
    }
    assert_eq!((service.count(), budget.balance()), (5 + 3, 0.0));
}

#[tokio::test(start_paused = true)]
async fn services_of_one_layer_share_its_budget() {
    let layer = retry().attempts(2);
    let service = failing((0..100).map(|_| error(Code::Unavailable)));
    for _ in 0..50 {
        layer.clone().layer(service.clone()).oneshot(Request::new(())).await.unwrap_err();
    }
    // 10 saved up, and a share of 0.2.
    assert!((50 + 18..=50 + 20).contains(&service.count()), "{}", service.count());
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_there_is_no_share() {
    let service = failing((0..1000).map(|_| error(Code::Unavailable)));
    let layer = retry().without_budget().layer(service.clone());
    for _ in 0..100 {
        layer.clone().oneshot(Request::new(())).await.unwrap_err();
    }
    assert_eq!(service.count(), 300);
}

#[tokio::test(start_paused = true)]
async fn hedges_are_held_to_their_share_too() {
    let attempts = Arc::new(AtomicU64::new(0));
    let service = HedgeLayer::after(millis(10)).idempotent().budget(Budget::new(0.05).burst(5)).layer(service_fn({
        let attempts = Arc::clone(&attempts);
        move |_: Request<()>| {
            attempts.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(millis(100)).await;
                Ok::<_, Error>(())
            }
        }
    }));
    let mut tasks = JoinSet::new();
    for _ in 0..1000 {
        tasks.spawn(service.clone().oneshot(Request::new(())));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap().unwrap();
    }
    let hedges = attempts.load(Ordering::SeqCst) - 1000;
    // All 1000 are in flight before the first hedge is due, so that what they deposit does not fit in.
    assert_eq!(hedges, 5);
}
