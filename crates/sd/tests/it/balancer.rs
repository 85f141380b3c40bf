//! Which instance gets a call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt};
use towerkit_endpoint::{BoxEndpoint, Code, DeadlineLayer, Endpoint, Repeated, Request};
use towerkit_sd::balancer::{Balancer, ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Weighted};
use towerkit_sd::{Endpointer, Instancer};

use crate::endpointer::settle;
use crate::servers::{Servers, at, chosen, connect, fleet, plain};

#[tokio::test(start_paused = true)]
async fn round_robin_takes_turns_by_address_over_all_clones() {
    let servers = Servers::default();
    let balancer = servers.balance(&plain(fleet(3)), RoundRobin::new());
    let mut ports = Vec::new();
    for _ in 0..6 {
        ports.push(balancer.clone().invoke(0).await.unwrap());
    }
    assert_eq!(ports, [1, 2, 3, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn random_and_least_loaded_and_peak_ewma_use_all_that_are_idle_alike() {
    let endpointer = plain(fleet(10));
    let servers = Servers::default();
    for counts in [
        chosen(&servers.balance(&endpointer, Random::new()), 10_000).await,
        chosen(&servers.balance(&endpointer, LeastLoaded::new()), 10_000).await,
        chosen(&servers.balance(&endpointer, PeakEwma::new()), 10_000).await,
    ] {
        assert!(counts.len() == 10 && counts.values().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn least_loaded_leaves_an_instance_alone_that_has_more_calls_than_the_others() {
    let servers = Servers::default();
    let endpointer = plain(fleet(2));
    let balancer = servers.balance(&endpointer, LeastLoaded::new());
    servers.slow(1, Duration::from_secs(1000));
    let mut waiting = Vec::new();
    // Until one hangs at the slow one.
    while endpointer.members().iter().all(|member| member.in_flight == 0) {
        let balancer = balancer.clone();
        waiting.push(tokio::spawn(async move { balancer.invoke(0).await }));
        settle().await;
    }
    servers.calls();
    assert_eq!(chosen(&balancer, 100).await, BTreeMap::from([(2, 100)]));
}

#[tokio::test(start_paused = true)]
async fn peak_ewma_sends_little_to_an_instance_that_is_far_away() {
    let servers = Servers::default();
    servers.slow(1, Duration::from_millis(100));
    servers.slow(2, Duration::from_millis(1));
    servers.slow(3, Duration::from_millis(1));
    let balancer = servers.balance(&plain(fleet(3)), PeakEwma::new());
    for _ in 0..300 {
        balancer.invoke(0).await.unwrap();
    }
    assert!(servers.calls()[&1] <= 15);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_counts_as_at_least_as_slow_as_it_was() {
    let servers = Servers::default();
    servers.slow(1, Duration::from_secs(1000));
    servers.slow(2, Duration::from_millis(50));
    let endpointer = connect(Endpointer::builder(fleet(2)).without_outliers());
    let balancer = DeadlineLayer::new(Duration::from_secs(1)).layer(servers.balance(&endpointer, PeakEwma::new()));
    for _ in 0..50 {
        let _ = balancer.invoke(0).await;
    }
    assert!(servers.calls()[&1] <= 10);
}

#[tokio::test(start_paused = true)]
async fn weighted_follows_the_weights_and_their_changes() {
    let (publisher, instancer) = Instancer::channel("test");
    let servers = Servers::default();
    let endpointer = plain(instancer);
    let balancer = servers.balance(&endpointer, Weighted::new());
    publisher.publish([at(1).with_weight(100), at(2).with_weight(300), at(3).with_weight(0)]);
    let counts = chosen(&balancer, 10_000).await;
    assert!((2200..2800).contains(&counts[&1]) && !counts.contains_key(&3), "{counts:?}");
    publisher.publish([at(1).with_weight(900), at(2).with_weight(100), at(3).with_weight(0)]);
    let counts = chosen(&balancer, 10_000).await;
    assert!((8700..9300).contains(&counts[&1]), "{counts:?}");
    publisher.publish([at(3).with_weight(0)]);
    assert_eq!(chosen(&balancer, 10).await, BTreeMap::from([(3, 10)]));
}

fn by_message() -> ConsistentHash<impl Fn(&Request<u64>) -> u64 + Send + Sync + 'static> {
    ConsistentHash::by(|request: &Request<u64>| *request.message())
}

fn owners<F>(balancer: &Balancer<BoxEndpoint<u64, u16>, ConsistentHash<F>>, keys: u64) -> Vec<u16>
where
    F: Fn(&Request<u64>) -> u64 + Send + Sync + 'static,
{
    (0..keys).map(|key| balancer.choose(&Request::new(key)).unwrap().port()).collect()
}

#[tokio::test(start_paused = true)]
async fn consistent_hash_gives_a_key_to_the_same_instance_in_every_process() {
    let balancer = Servers::default().balance(&plain(fleet(5)), by_message());
    settle().await;
    // As another process, of another version, must see it.
    assert_eq!(owners(&balancer, 8), OWNERS_OF_FIVE);
}

#[tokio::test(start_paused = true)]
async fn consistent_hash_moves_the_keys_of_a_vanished_instance_alone() {
    let (publisher, instancer) = Instancer::channel("test");
    let balancer = Servers::default().balance(&plain(instancer), by_message());
    publisher.publish((1..=10).map(at));
    settle().await;
    let before = owners(&balancer, 10_000);
    publisher.publish((1..=10).filter(|port| *port != 4).map(at));
    settle().await;
    let after = owners(&balancer, 10_000);
    assert!(before.iter().zip(&after).all(|(before, after)| before == after || *before == 4));
    let share = before.iter().filter(|port| **port == 4).count();
    assert!((700..1300).contains(&share), "{share}");
}

#[tokio::test(start_paused = true)]
async fn consistent_hash_passes_on_what_an_instance_has_too_much_of() {
    let servers = Servers::default();
    (1..=4).for_each(|port| servers.slow(port, Duration::from_secs(1000)));
    let endpointer = plain(fleet(4));
    let balancer = servers.balance(&endpointer, by_message());
    for _ in 0..100 {
        // All of one key.
        let balancer = balancer.clone();
        tokio::spawn(async move { balancer.invoke(7).await });
    }
    settle().await;
    let loads: Vec<_> = endpointer.members().iter().map(|member| member.in_flight).collect();
    assert_eq!(loads.iter().sum::<u32>(), 100);
    assert!(
        loads.iter().all(|load| *load <= 35),
        "1.25 times the fair share, which differs by the ring's parts: {loads:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn consistent_hash_sees_the_calls_of_other_balancers_for_what_they_are() {
    let servers = Servers::default();
    let endpointer = plain(fleet(4));
    let (balancer, other) =
        (servers.balance(&endpointer, by_message()), servers.balance(&endpointer, RoundRobin::new()));
    settle().await;
    let before = owners(&balancer, 100);
    // Two calls to each but one, so that none has more than it may.
    (1..=3).for_each(|port| servers.slow(port, Duration::from_secs(1000)));
    for _ in 0..8 {
        let other = other.clone();
        tokio::spawn(async move { other.invoke(7).await });
    }
    settle().await;
    assert_eq!(endpointer.members().iter().map(|member| member.in_flight).collect::<Vec<_>>(), [2, 2, 2, 0]);
    assert_eq!(owners(&balancer, 100), before);
}

// Repeated calls.

#[tokio::test(start_paused = true)]
async fn a_repeated_call_avoids_the_instance_that_just_failed() {
    let servers = Servers::default();
    let balancer = servers.balance(&plain(fleet(3)), by_message());
    let first = balancer.oneshot(Request::new(7)).await.unwrap();
    servers.fail(first, Code::Unavailable);
    let balancer = servers.balance(&plain(fleet(3)), by_message());
    assert!(balancer.clone().oneshot(Request::new(7)).await.is_err());
    let mut again = Request::new(7);
    again.context_mut().insert(Repeated { since: Instant::now() });
    assert_ne!(balancer.clone().oneshot(again).await.unwrap(), first);
    // And the next call of the key goes where it belongs.
    assert_eq!(balancer.choose(&Request::new(7)).unwrap().port(), first);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_goes_to_the_one_that_failed_where_there_is_no_other() {
    let servers = Servers::default();
    servers.fail(1, Code::Unavailable);
    let balancer = servers.balance(&plain(fleet(1)), Random::new());
    assert!(balancer.clone().oneshot(Request::new(0)).await.is_err());
    servers.heal(1);
    let mut again = Request::new(0);
    again.context_mut().insert(Repeated { since: Instant::now() });
    assert_eq!(balancer.oneshot(again).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_around_a_balancer_reaches_a_well_instance_at_the_second_attempt() {
    use towerkit_retry::{Backoff, RetryLayer};
    let servers = Servers::default();
    (1..=5).for_each(|port| servers.fail(port, Code::Unavailable));
    let endpointer = connect(Endpointer::builder(fleet(6)).without_outliers());
    let retry =
        RetryLayer::new().idempotent().attempts(6).without_budget().backoff(Backoff::new(Duration::from_millis(1)));
    let balancer = retry.layer(servers.balance(&endpointer, Random::new()));
    for _ in 0..50 {
        // Each attempt avoids all that failed, so that the sixth at the latest is well.
        assert_eq!(balancer.invoke(0).await.unwrap(), 6);
        sleep(Duration::from_secs(1)).await;
    }
}

// Slow start.

#[tokio::test(start_paused = true)]
async fn an_instance_that_joins_gets_little_at_first_and_its_share_in_the_end() {
    let (publisher, instancer) = Instancer::channel("test");
    let servers = Servers::default();
    let endpointer = connect(Endpointer::builder(instancer).slow_start(Duration::from_secs(10)));
    let balancer = servers.balance(&endpointer, Random::new());
    publisher.publish([at(1)]);
    settle().await;
    publisher.publish([at(1), at(2)]);
    let mut shares = Vec::new();
    for _ in 0..3 {
        shares.push(chosen(&balancer, 10_000).await[&2]);
        sleep(Duration::from_secs(5)).await;
    }
    // A tenth against one; a half against one; one against one.
    assert!((700..1200).contains(&shares[0]), "{shares:?}");
    assert!((3000..3700).contains(&shares[1]), "{shares:?}");
    assert!((4600..5400).contains(&shares[2]), "{shares:?}");
}

// Counts.

#[tokio::test(start_paused = true)]
async fn a_call_is_in_flight_until_it_ends_however_it_ends() {
    let servers = Servers::default();
    let endpointer = plain(fleet(1));
    let balancer = servers.balance(&endpointer, RoundRobin::new());
    let in_flight = || endpointer.members()[0].in_flight;
    servers.slow(1, Duration::from_secs(1));
    settle().await;
    let calls: Vec<_> = (0..3).map(|_| tokio::spawn(balancer.clone().oneshot(Request::new(0)))).collect();
    settle().await;
    assert_eq!(in_flight(), 3);
    calls[0].abort();
    settle().await;
    assert_eq!(in_flight(), 2);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_reply_is_a_stream_is_in_flight_until_the_streams_end() {
    use towerkit_endpoint::{Ending, Tail};
    let endpointer = plain(fleet(1));
    let balancer = Servers::default().balance(&endpointer, RoundRobin::new());
    let tail = Tail::new();
    let mut request = Request::new(0);
    request.context_mut().set_tail(tail.clone());
    balancer.oneshot(request).await.unwrap();
    assert_eq!(endpointer.members()[0].in_flight, 1);
    tail.end(Ending::Complete);
    assert_eq!(endpointer.members()[0].in_flight, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_that_changes_under_load_loses_no_call() {
    let (publisher, instancer) = Instancer::channel("test");
    let servers = Servers::default();
    let endpointer = plain(instancer);
    publisher.publish((1..=20).map(at));
    endpointer.ready().await.unwrap();
    let done = Arc::new(AtomicU64::new(0));
    let mut callers = Vec::new();
    for _ in 0..4 {
        let (balancer, done) = (servers.balance(&endpointer, LeastLoaded::new()), done.clone());
        callers.push(tokio::spawn(async move {
            for _ in 0..5000 {
                balancer.invoke(0).await.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let mut turn = 0;
    while callers.iter().any(|caller| !caller.is_finished()) {
        turn = (turn + 1) % 20;
        publisher.publish((1..=20).filter(|port| *port != turn + 1).map(at));
        tokio::task::yield_now().await;
    }
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(done.load(Ordering::Relaxed), 20_000);
    assert!(endpointer.members().iter().all(|member| member.in_flight == 0));
}
const OWNERS_OF_FIVE: [u16; 8] = [4, 1, 2, 1, 3, 1, 3, 2];
