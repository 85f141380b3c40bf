use std::time::Duration;

use tokio::time::Instant;

use super::{Counts, Outcome, Policy, Tally, Trip};
use crate::sync::{AtomicU64, Ordering};
use crate::window::{BUCKETS, Window};

const WINDOW: Duration = Duration::from_secs(10);
const MINIMUM: u32 = 20;

/// Opens when of at least so many calls within a rolling window such a share has failed.
///
/// By default of at least 20 calls in 10 s, as Hystrix has it. It is asked when a call fails. The window moves on by a tenth of its
/// length at a time. Each call is counted by one compare-and-swap; in a tenth of a window a million calls are counted, and what
/// comes beyond is left out, good and bad alike.
///
/// ```
/// use std::time::Duration;
/// use towerkit_circuitbreaker::Breaker;
/// use towerkit_circuitbreaker::policy::FailureRate;
///
/// let breaker = Breaker::new(FailureRate::new(0.25).min_calls(50).window(Duration::from_millis(500)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FailureRate(Rate);

/// Opens when of at least so many calls within a rolling window such a share took longer than a time, whether they failed or not.
///
/// By default of at least 20 calls in 10 s. It times every call, which is one look more at the clock.
///
/// ```
/// use std::time::Duration;
/// use towerkit_circuitbreaker::Breaker;
/// use towerkit_circuitbreaker::policy::SlowCallRate;
///
/// let breaker = Breaker::new(SlowCallRate::new(0.5, Duration::from_secs(1)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SlowCallRate {
    rate: Rate,
    slow: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    share: f64,
    minimum: u32,
    window: Duration,
}

impl Rate {
    const fn new(share: f64) -> Self {
        Self { share, minimum: MINIMUM, window: WINDOW }
    }
}

impl FailureRate {
    /// Such a share, 0 to 1. Above 1 or not a number it never opens; 0 opens at the first failure that finds enough calls.
    #[must_use]
    pub const fn new(share: f64) -> Self {
        Self(Rate::new(share))
    }

    /// How many calls there must be within the window.
    #[must_use]
    pub const fn min_calls(mut self, calls: u32) -> Self {
        self.0.minimum = calls;
        self
    }

    /// How far back calls count; at least 10 µs.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.0.window = window;
        self
    }
}

impl SlowCallRate {
    /// Such a share, 0 to 1, of calls that take longer than `slow`.
    #[must_use]
    pub const fn new(share: f64, slow: Duration) -> Self {
        Self { rate: Rate::new(share), slow }
    }

    /// How many calls there must be within the window.
    #[must_use]
    pub const fn min_calls(mut self, calls: u32) -> Self {
        self.rate.minimum = calls;
        self
    }

    /// How far back calls count; at least 10 µs.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.rate.window = window;
        self
    }
}

impl Policy for FailureRate {
    fn tally(&self) -> Box<dyn Tally> {
        Box::new(Failures(Rolling::new(self.0)))
    }
}

impl Policy for SlowCallRate {
    fn tally(&self) -> Box<dyn Tally> {
        Box::new(SlowCalls { rolling: Rolling::new(self.rate), slow: self.slow })
    }
}

#[derive(Debug)]
struct Failures(Rolling);

impl Tally for Failures {
    fn record(&self, outcome: &Outcome) -> Option<Trip> {
        self.0.record(outcome.failed(), outcome)
    }

    fn reset(&self, now: Instant) {
        self.0.reset(now);
    }

    fn counts(&self, now: Instant) -> Counts {
        let (calls, failures) = self.0.sum(now);
        Counts { calls, failures, slow: 0 }
    }
}

#[derive(Debug)]
struct SlowCalls {
    rolling: Rolling,
    slow: Duration,
}

impl Tally for SlowCalls {
    fn record(&self, outcome: &Outcome) -> Option<Trip> {
        self.rolling.record(outcome.took() > self.slow, outcome)
    }

    fn reset(&self, now: Instant) {
        self.rolling.reset(now);
    }

    fn times_calls(&self) -> bool {
        true
    }

    fn counts(&self, now: Instant) -> Counts {
        let (calls, slow) = self.rolling.sum(now);
        Counts { calls, failures: 0, slow }
    }
}

/// A window of calls on a clock, and the share of bad ones that is too much.
#[derive(Debug)]
struct Rolling {
    window: Window,
    start: Instant,
    tick: u64,
    // When the clock was last looked at.
    looked: AtomicU64,
    share: f64,
    minimum: u64,
}

impl Rolling {
    fn new(rate: Rate) -> Self {
        let tick = (nanos(rate.window) / BUCKETS).max(1000);
        let minimum = u64::from(rate.minimum.max(1));
        Self {
            window: Window::new(),
            start: Instant::now(),
            tick,
            looked: AtomicU64::new(0),
            share: rate.share,
            minimum,
        }
    }

    fn record(&self, bad: bool, outcome: &Outcome) -> Option<Trip> {
        if !bad {
            // The clock would be the half of what a good call costs. So where calls are many, fifteen of sixteen take it to be as
            // late as it was: at most so many are counted a bucket too early.
            if !self.window.add_unlooked(self.looked.load(Ordering::Relaxed)) {
                self.window.add(self.look(outcome), false);
            }
            return None;
        }
        let tick = self.look(outcome);
        self.window.add(tick, true);
        let (calls, bad) = self.window.sum(tick);
        #[expect(clippy::cast_precision_loss, reason = "ten buckets of a million")]
        let share = bad as f64 / calls.max(1) as f64;
        (calls >= self.minimum && share >= self.share).then(Trip::new)
    }

    fn look(&self, outcome: &Outcome) -> u64 {
        let tick = self.tick_of(outcome.at());
        self.looked.store(tick, Ordering::Relaxed);
        tick
    }

    fn sum(&self, now: Instant) -> (u64, u64) {
        self.window.sum(self.tick_of(now))
    }

    fn reset(&self, now: Instant) {
        self.window.clear(self.tick_of(now));
    }

    fn tick_of(&self, at: Instant) -> u64 {
        nanos(at.saturating_duration_since(self.start)) / self.tick
    }
}

/// 584 years at most.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
