//! What a balancer costs and how it spreads, as JSON lines for `cargo xtask bench sd`: `--part` says which.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

mod call;
mod change;
mod fleet;
mod p2c;
mod pick;
mod queue;
mod spread;

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use towerkit_testing::bench::{self, Case};

fn main() {
    match bench::argument("part").as_deref() {
        // Many, so that the caches hold what they hold where one calls all the time.
        Some("pick") => measure(pick::cases, 200_000),
        Some("call") => measure(call::cases, 20_000),
        Some("change") => measure(change::cases, 4),
        Some("spread") => spread::print(bench::number("picks", 1_000_000).unwrap()),
        Some("queue") => queue::print(bench::number("seconds", 300).unwrap()),
        // Such as `cargo bench` and `cargo test --benches`, which run all there is.
        other => println!("--part is pick, call, change, spread or queue, and is {other:?}"),
    }
}

/// Sizes of a fleet.
const SIZES: [usize; 3] = [10, 1000, 10_000];

fn measure(cases: fn(&Arc<Runtime>) -> Vec<Case>, calls: u32) {
    let runtime = Arc::new(Builder::new_current_thread().enable_time().build().unwrap());
    let _entered = runtime.enter();
    let mut cases = cases(&runtime);
    let (calls, rounds) = (bench::number("calls", calls).unwrap(), bench::number("rounds", 15).unwrap());
    bench::measure(&mut cases, calls, rounds, |run| allocation_counter::measure(run).count_total);
    cases.iter().for_each(|case| println!("{case}"));
}
