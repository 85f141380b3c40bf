//! What opens a circuit: policies over the outcomes of calls.
//!
//! A [`Policy`] says the rule, and is a plain value; for each breaker it starts a [`Tally`], which counts.
//!
//! | policy | opens when |
//! | --- | --- |
//! | [`ConsecutiveFailures`] | so many calls have failed one after the other |
//! | [`FailureRate`] | of at least so many calls within a window such a share has failed |
//! | [`SlowCallRate`] | of at least so many calls within a window such a share took too long |
//! | [`Failsafe`] | a policy of the crate failsafe says so |
//! | [`Or`] | either of two does |
//!
//! ```
//! use std::time::Duration;
//! use towerkit_circuitbreaker::Breaker;
//! use towerkit_circuitbreaker::policy::{FailureRate, Policy as _, SlowCallRate};
//!
//! let policy = FailureRate::new(0.5).or(SlowCallRate::new(0.8, Duration::from_millis(500)));
//! let breaker = Breaker::new(policy);
//! ```

mod consecutive;
mod failsafe;
mod or;
mod rate;

use std::cell::OnceCell;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

pub use self::consecutive::ConsecutiveFailures;
pub use self::failsafe::Failsafe;
pub use self::or::Or;
pub use self::rate::{FailureRate, SlowCallRate};

/// A rule by which circuits open.
pub trait Policy: fmt::Debug + Send + Sync + 'static {
    /// The counting for one breaker, which begins now.
    fn tally(&self) -> Box<dyn Tally>;

    /// Opens when either of two policies says so.
    fn or<P: Policy>(self, other: P) -> Or<Self, P>
    where
        Self: Sized,
    {
        Or::new(self, other)
    }
}

/// The counting of one breaker. It is shared by all calls, and asked by each at its end, so it should not make them wait.
pub trait Tally: fmt::Debug + Send + Sync {
    /// Takes note of a call that has ended while the circuit was closed, and says whether the circuit is to open.
    fn record(&self, outcome: &Outcome) -> Option<Trip>;

    /// Forgets what was counted: the circuit has closed again.
    fn reset(&self, now: Instant);

    /// Whether [`Outcome::took`] is read, so that the beginning of calls must be noted. By default not.
    fn times_calls(&self) -> bool {
        false
    }

    /// A probe has failed: how long the circuit is to stay open now. By default as long as the breaker's own
    /// [`SleepWindow`](crate::SleepWindow) says.
    fn probe_failed(&self) -> Option<Duration> {
        None
    }

    /// What is counted at present.
    fn counts(&self, now: Instant) -> Counts;
}

/// How a call ended. Cancelled ones are not told of.
#[derive(Clone, Debug)]
pub struct Outcome {
    failed: bool,
    began: Option<Instant>,
    ended: OnceCell<Instant>,
}

impl Outcome {
    /// Of a call that took from one time to the other.
    #[must_use]
    pub fn new(failed: bool, began: Instant, ended: Instant) -> Self {
        Self { failed, began: Some(began), ended: ended.into() }
    }

    /// Of a call that ends now.
    pub(crate) const fn now(failed: bool, began: Option<Instant>) -> Self {
        Self { failed, began, ended: OnceCell::new() }
    }

    /// Whether the judge called it a failure.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.failed
    }

    /// When it ended. It is here that the clock is looked at, once, so that a policy that needs no time pays for none.
    #[must_use]
    pub fn at(&self) -> Instant {
        *self.ended.get_or_init(Instant::now)
    }

    /// How long it took. Zero where the tally does not [time calls](Tally::times_calls).
    #[must_use]
    pub fn took(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| self.at().saturating_duration_since(began))
    }
}

/// The circuit is to open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trip {
    sleep: Option<Duration>,
}

impl Trip {
    /// For as long as the breaker's own [`SleepWindow`](crate::SleepWindow) says.
    #[must_use]
    pub const fn new() -> Self {
        Self { sleep: None }
    }

    /// For this long.
    #[must_use]
    pub const fn lasting(sleep: Duration) -> Self {
        Self { sleep: Some(sleep) }
    }

    pub(crate) const fn sleep(self) -> Option<Duration> {
        self.sleep
    }
}

/// What a [`Tally`] has counted: the calls within its window, or, for one without a window, those that matter to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// How many calls.
    pub calls: u64,
    /// How many of them failed.
    pub failures: u64,
    /// How many of them were slow.
    pub slow: u64,
}
