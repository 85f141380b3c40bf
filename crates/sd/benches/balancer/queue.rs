//! A hundred servers with a queue each, at 80 % of what they bear, in virtual time: how long calls take, by strategy.
//!
//! Calls come at random times (a Poisson process), each from one of the clients, and take a random time (exponential), one after the
//! other at each server. The balancers and their clients' endpointers are the real ones. Every run is the same.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Request, endpoint_fn};
use towerkit_sd::balancer::{Choose, ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Strategy};
use towerkit_sd::{Endpointer, Instancer};

use crate::fleet::{connect, instance};

const SERVERS: usize = 100;
/// What a call takes in the mean, alone at its server.
const WORK: Duration = Duration::from_millis(100);
const LOAD: f64 = 0.8;

#[derive(Clone, Copy)]
enum First {
    /// As the others.
    Alike,
    /// Works ten times as long.
    Slow,
    /// Fails, and does so at once.
    Broken,
}

pub(crate) fn print(seconds: u32) {
    let by_key = || ConsistentHash::by(|request: &Request<u64>| *request.message());
    strategy("RoundRobin", seconds, RoundRobin::new);
    strategy("Random", seconds, Random::new);
    strategy("LeastLoaded", seconds, LeastLoaded::new);
    strategy("PeakEwma", seconds, PeakEwma::new);
    strategy("ConsistentHash, many keys", seconds, by_key);
}

fn strategy<P: Strategy + Choose<Request<u64>>>(name: &str, seconds: u32, strategy: impl Fn() -> P) {
    let mut values = Vec::new();
    for (what, first) in [("alike", First::Alike), ("one slow", First::Slow)] {
        for clients in [1, 20] {
            let Outcome { took, .. } = run(seconds, clients, first, true, &strategy);
            let label = format!("{what}, {clients} client{}", if clients == 1 { "" } else { "s" });
            for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
                let at = took.get((took.len() as f64 * share) as usize).map_or(f64::NAN, Duration::as_secs_f64);
                values.push(format!(r#"["{label}: {name}",{}]"#, at * 1e3));
            }
        }
    }
    for (what, outliers) in [("", true), (", without outliers", false)] {
        let Outcome { took, failed } = run(seconds, 1, First::Broken, outliers, &strategy);
        let failed = f64::from(failed) * 100.0 / (f64::from(failed) + took.len() as f64);
        values.push(format!(r#"["one broken{what}: % failed",{failed}]"#));
    }
    println!(r#"{{"name":"{name}","values":[{}]}}"#, values.join(","));
}

struct Outcome {
    /// Sorted.
    took: Vec<Duration>,
    failed: u32,
}

fn run<P: Strategy + Choose<Request<u64>>>(
    seconds: u32,
    clients: usize,
    first: First,
    outliers: bool,
    strategy: impl Fn() -> P,
) -> Outcome {
    fastrand::seed(7);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let _entered = runtime.enter();
    let servers: Arc<Vec<_>> = Arc::new((0..SERVERS).map(|number| Server::new(number, first)).collect());
    let client = |_| {
        let builder = Endpointer::builder(Instancer::fixed((0..SERVERS).map(instance)));
        let fleet = connect(if outliers { builder } else { builder.without_outliers() }, &runtime);
        let servers = servers.clone();
        fleet.balance(strategy(), move |number: &usize| servers[*number].endpoint())
    };
    let clients: Vec<_> = (0..clients).map(client).collect();
    runtime.block_on(load(seconds, &clients))
}

/// Calls that wait for nobody, for so many seconds.
async fn load(seconds: u32, clients: &[impl Endpoint<u64, Reply = (), Failure = Error>]) -> Outcome {
    let mut random = fastrand::Rng::with_seed(11);
    let gap = WORK.as_secs_f64() / SERVERS as f64 / LOAD;
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds.into());
    let mut at = start;
    let mut calls = JoinSet::new();
    let mut outcome = Outcome { took: Vec::new(), failed: 0 };
    while at < end {
        sleep_until(at).await;
        let client = clients[random.usize(..clients.len())].clone();
        let key = random.u64(..);
        calls.spawn(async move {
            let begun = Instant::now();
            client.invoke(key).await.ok().map(|()| begun.elapsed())
        });
        while let Some(ended) = calls.try_join_next() {
            outcome.add(ended.unwrap());
        }
        at += exponential(&mut random, gap);
    }
    // Those of a server that is far behind are not waited for to their end, but they count.
    while let Some(ended) = calls.join_next().await {
        outcome.add(ended.unwrap());
    }
    outcome.took.sort_unstable();
    outcome
}

impl Outcome {
    fn add(&mut self, took: Option<Duration>) {
        match took {
            Some(took) => self.took.push(took),
            None => self.failed += 1,
        }
    }
}

fn exponential(random: &mut fastrand::Rng, mean: f64) -> Duration {
    Duration::from_secs_f64(-mean * (1.0 - random.f64()).ln())
}

struct Server {
    /// When it has worked off its queue, and its dice.
    state: Mutex<(Instant, fastrand::Rng)>,
    kind: First,
}

impl Server {
    fn new(number: usize, first: First) -> Arc<Self> {
        let kind = if number == 0 { first } else { First::Alike };
        Arc::new(Self { state: Mutex::new((Instant::now(), fastrand::Rng::with_seed(number as u64))), kind })
    }

    fn endpoint(self: &Arc<Self>) -> BoxEndpoint<u64, ()> {
        let server = self.clone();
        endpoint_fn(move |_: u64| {
            let server = server.clone();
            async move {
                if matches!(server.kind, First::Broken) {
                    return Err(Error::from(Code::Unavailable));
                }
                let ends = server.ends();
                sleep_until(ends).await;
                Ok(())
            }
        })
        .erased()
    }

    /// When a call that comes now is done.
    fn ends(&self) -> Instant {
        let mean = WORK.as_secs_f64() * if matches!(self.kind, First::Slow) { 10.0 } else { 1.0 };
        let (free_at, random) = &mut *self.state.lock().unwrap();
        *free_at = (*free_at).max(Instant::now()) + exponential(random, mean);
        *free_at
    }
}
