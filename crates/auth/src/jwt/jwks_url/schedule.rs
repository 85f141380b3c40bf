use std::time::Duration;

use tokio::time::Instant;

/// The wait after the first failure; each next one is twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest wait after a failure, where the interval is not shorter.
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// What a reply says of its age is believed down to this, where the interval is not shorter.
const SHORTEST_PERIOD: Duration = Duration::from_secs(60);
/// As good as for ever, and the clock can still be advanced by it.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How often, and for how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The time between two fetches, at most.
    pub(super) interval: Duration,
    /// The time from the end of a fetch on demand to the next one.
    pub(super) cool_down: Duration,
    /// For how long keys are good once a fetch was due that has failed; none is for ever.
    pub(super) stale_for: Option<Duration>,
    /// How many callers wait at a time.
    pub(super) waiters: usize,
    /// How long each of them waits.
    pub(super) wait: Duration,
}

/// When the keys of an issuer are fetched, who may wait for that, and until when old keys are good.
///
/// It is given the time and the chance, and does nothing itself. There is one fetch at a time.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) limits: Limits,
    state: State,
    /// How many fetches have ended.
    ended: u64,
    /// How many have failed since the last that has not.
    failures: u32,
    /// Until when none is made on demand.
    cool_until: Option<Instant>,
    /// When the keys are dropped; none where there are none, or they are good for ever.
    drop_at: Option<Instant>,
    waiting: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Nobody fetches.
    Stopped,
    /// The next fetch is at a time.
    Idle {
        next: Instant,
    },
    /// A caller has asked for one, and the member has not begun with it.
    Wanted,
    Fetching {
        on_demand: bool,
    },
}

/// What the member is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Fetch, and say when that has ended.
    Fetch,
    /// Drop the keys: they are too old.
    Drop,
    /// Wait until then, or until a caller asks.
    Wait(Instant),
}

/// Why a caller doesn't wait for a fetch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum No {
    /// Nobody fetches.
    Stopped,
    /// One was made on demand just now.
    Cooling,
    /// Too many wait.
    Crowded,
}

impl Schedule {
    pub(super) const fn new(limits: Limits) -> Self {
        let (cool_until, drop_at) = (None, None);
        Self { limits, state: State::Stopped, ended: 0, failures: 0, cool_until, drop_at, waiting: 0 }
    }

    /// The member runs: a fetch is due.
    pub(super) const fn start(&mut self, now: Instant) {
        self.state = State::Idle { next: now };
    }

    /// The member has ended, maybe in the midst of a fetch.
    pub(super) const fn stop(&mut self) {
        self.state = State::Stopped;
    }

    /// How many fetches have ended.
    pub(super) const fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether the fetch that is under way is for a caller.
    pub(super) const fn is_on_demand(&self) -> bool {
        matches!(self.state, State::Fetching { on_demand: true })
    }

    /// A caller wants keys that are newer. It waits until so many fetches have [ended](Self::ended), and then
    /// [leaves](Self::leave).
    pub(super) fn join(&mut self, now: Instant) -> Result<u64, No> {
        let begins = match self.state {
            State::Stopped => return Err(No::Stopped),
            State::Wanted | State::Fetching { .. } => false,
            // It is due, and about to begin by itself: not on demand.
            State::Idle { next } if next <= now => false,
            State::Idle { .. } if self.cool_until.is_some_and(|until| now < until) => return Err(No::Cooling),
            State::Idle { .. } => true,
        };
        if self.waiting >= self.limits.waiters {
            return Err(No::Crowded);
        }
        if begins {
            self.state = State::Wanted;
        }
        self.waiting += 1;
        Ok(self.ended + 1)
    }

    /// One who waits does so for another fetch, and keeps its place.
    pub(super) fn join_again(&mut self, now: Instant) -> Result<u64, No> {
        self.leave();
        let joined = self.join(now);
        if joined.is_err() {
            self.waiting += 1;
        }
        joined
    }

    /// Whether a fetch is under way: what it brings may be from before somebody came who comes now.
    pub(super) const fn is_fetching(&self) -> bool {
        matches!(self.state, State::Fetching { .. })
    }

    /// A caller waits no more.
    pub(super) const fn leave(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// What is to be done now. The member asks it between fetches.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        let (on_demand, next) = match self.state {
            State::Idle { next } => (false, next),
            State::Wanted => (true, now),
            State::Stopped | State::Fetching { .. } => return Step::Wait(after(now, LONGEST)),
        };
        if next <= now {
            self.state = State::Fetching { on_demand };
            return Step::Fetch;
        }
        match self.drop_at {
            Some(at) if at <= now => {
                self.drop_at = None;
                Step::Drop
            }
            at => Step::Wait(at.map_or(next, |at| at.min(next))),
        }
    }

    /// A fetch has brought keys, which are good for a time that the reply may say. `chance` is from 0 to 1, and spreads
    /// a fleet. Gives the time to the next one.
    pub(super) fn fetched(&mut self, now: Instant, max_age: Option<Duration>, chance: f64) -> Duration {
        let interval = self.limits.interval.min(LONGEST);
        let period = max_age.map_or(interval, |age| age.max(SHORTEST_PERIOD).min(interval));
        self.failures = 0;
        self.drop_at = self.limits.stale_for.map(|time| after(after(now, period), time));
        self.end(now, period.mul_f64(1.0 - chance / 10.0))
    }

    /// A fetch has failed. Gives the time to the next one.
    pub(super) fn failed(&mut self, now: Instant, chance: f64) -> Duration {
        let longest = LONGEST_RETRY.min(self.limits.interval);
        let wait = FIRST_RETRY.saturating_mul(2_u32.saturating_pow(self.failures)).min(longest);
        self.failures = self.failures.saturating_add(1);
        self.end(now, wait.mul_f64(1.0 - chance / 2.0))
    }

    fn end(&mut self, now: Instant, wait: Duration) -> Duration {
        if self.state == (State::Fetching { on_demand: true }) {
            self.cool_until = Some(after(now, self.limits.cool_down));
        }
        self.state = State::Idle { next: after(now, wait) };
        self.ended += 1;
        wait
    }
}

fn after(now: Instant, time: Duration) -> Instant {
    now + time.min(LONGEST)
}

#[cfg(test)]
mod tests;
