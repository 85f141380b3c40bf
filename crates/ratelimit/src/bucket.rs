//! A quota, and what of it is used.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};

use crate::RateLimited;
use crate::clock::Clock;
use crate::policy::Policy;
use crate::rate::{Rate, since};

/// Stands for a time that never comes, in a bucket that another has replaced: it refuses all, so that no call is taken out of both.
/// governor takes at most half of it away, and adds to it without overflow.
pub(crate) const CLOSED: u64 = u64::MAX >> 1;

pub(crate) struct Bucket {
    pub(crate) policy: Policy,
    rate: Rate,
    /// Not before governor's own start, so that what is used is never taken for less.
    started: Nanos,
    due: Arc<AtomicU64>,
    limiter: governor::RateLimiter<NotKeyed, Due, Clock, NoOpMiddleware<Nanos>>,
}

/// governor's one word: when all that was taken will have come back, in nanoseconds since the start. 0 before the first call.
struct Due(Arc<AtomicU64>);

impl StateStore for Due {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            let (outcome, new) = decide((seen != 0).then(|| seen.into()))?;
            match self.0.compare_exchange_weak(seen, new.into(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(outcome),
                Err(other) => seen = other,
            }
        }
    }
}

impl Bucket {
    /// With so much used: in nanoseconds at its rate.
    pub(crate) fn new(policy: Policy, clock: &Clock, used: u64) -> Self {
        let due = Arc::new(AtomicU64::new(used));
        let limiter = governor::RateLimiter::new(policy.quota.governor(), Due(Arc::clone(&due)), clock.clone());
        Self { rate: Rate::of(&policy.quota), policy, started: clock.now(), due, limiter }
    }

    /// Takes a call, or says how long it is until there is one to take.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|until| until.wait_time_from(self.limiter.clock().now()))
    }

    /// How long it is until there is a call to take for one that lets so many others go first.
    pub(crate) fn wait_behind(&self, ahead: usize) -> Duration {
        self.rate.wait_behind(since(self.due.load(Ordering::Acquire), self.started, self.limiter.clock()), ahead)
    }

    /// Whether another bucket has taken its place.
    pub(crate) fn is_closed(&self) -> bool {
        self.due.load(Ordering::Acquire) == CLOSED
    }

    /// Closes it, and makes another of what is left in it.
    pub(crate) fn replace(&self, policy: Policy, clock: &Clock) -> Self {
        let due = self.due.swap(CLOSED, Ordering::AcqRel);
        let used = self.rate.carry(since(due, self.started, clock), &Rate::of(&policy.quota));
        Self::new(policy, clock, used)
    }

    pub(crate) fn refusal(&self, wait: Duration) -> RateLimited {
        RateLimited::new(&self.policy, wait)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("policy", &self.policy).finish_non_exhaustive()
    }
}
