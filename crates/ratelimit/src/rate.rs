//! The arithmetic of a quota, in nanoseconds at its rate: a call is worth an interval.

use std::time::Duration;

use governor::clock::Clock as _;
use governor::nanos::Nanos;

use crate::Quota;
use crate::clock::Clock;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// From one call to the next.
    interval: u64,
    /// What a whole burst is worth. At most a quarter of what a word holds.
    full: u64,
}

/// How much is used of what is due at a time since the start.
pub(crate) fn since(due: u64, started: Nanos, clock: &Clock) -> u64 {
    due.saturating_sub(clock.now().saturating_sub(started).into())
}

impl Rate {
    pub(crate) fn of(quota: &Quota) -> Self {
        let governor = quota.governor();
        let interval = u64::try_from(governor.replenish_interval().as_nanos()).unwrap_or(u64::MAX);
        Self { interval, full: interval.saturating_mul(governor.burst_size().get().into()) }
    }

    /// How long it is until there is a call for one that lets so many others go first.
    pub(crate) fn wait_behind(&self, used: u64, ahead: usize) -> Duration {
        let calls = u64::try_from(ahead).unwrap_or(u64::MAX).saturating_add(1);
        let wanted = used.saturating_add(self.interval.saturating_mul(calls));
        Duration::from_nanos(wanted.saturating_sub(self.full))
    }

    /// How much is used of another quota that takes over what is left of this one, parts of a call too, as far as it has room.
    pub(crate) fn carry(&self, used: u64, to: &Self) -> u64 {
        let left = u128::from(self.full.saturating_sub(used));
        let left = left * u128::from(to.interval) / u128::from(self.interval.max(1));
        to.full.saturating_sub(u64::try_from(left).unwrap_or(u64::MAX))
    }
}
