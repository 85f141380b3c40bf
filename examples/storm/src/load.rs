//! A load that waits for nobody: calls come at their times, however the ones before fare.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use towerkit_endpoint::{BoxEndpoint, Endpoint as _};

use crate::END;

/// The longest time between two calls, in microseconds; any shorter one is as likely. So there are 1000 calls a second, half of
/// what the server bears.
pub const GAP: u64 = 2000;

/// A call that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it was made, from the start on.
    pub at: Duration,
    /// How long its caller waited.
    pub took: Duration,
    /// Whether it was answered.
    pub good: bool,
}

/// Calls an endpoint from now until the [end](END), at random times, the same in every run.
pub async fn run(endpoint: BoxEndpoint<(), ()>) -> Vec<Call> {
    let start = Instant::now();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let mut rng = fastrand::Rng::with_seed(7);
    let mut tasks = JoinSet::new();
    let mut at = Duration::ZERO;
    while at < END {
        sleep_until(start + at).await;
        let (endpoint, calls) = (endpoint.clone(), Arc::clone(&calls));
        tasks.spawn(async move {
            let begun = Instant::now();
            let good = endpoint.invoke(()).await.is_ok();
            let call = Call { at, took: begun.elapsed(), good };
            calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        });
        at += Duration::from_micros(rng.u64(0..GAP));
    }
    while tasks.join_next().await.is_some() {}
    std::mem::take(&mut *calls.lock().unwrap_or_else(PoisonError::into_inner))
}
