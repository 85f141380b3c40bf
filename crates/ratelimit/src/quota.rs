use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// So many calls in a time, and how many of them may come at once.
///
/// Calls are not counted per calendar second: what is allowed comes back evenly, one call after the other (the generic cell rate
/// algorithm of ITU-T I.371), and up to a *burst* of them is saved while there are none. The rate is kept to a nanosecond a call: at 10
/// million calls a second that is one percent.
///
/// ```
/// use std::time::Duration;
/// use towerkit_ratelimit::Quota;
///
/// assert_eq!(Quota::per_second(100).burst(20).to_string(), "100 a second, 20 at once");
/// assert_eq!(Quota::per_minute(30).to_string(), "30 a minute");
/// assert_eq!(Quota::new(5, Duration::from_secs(10)).to_string(), "5 in 10s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    calls: u32,
    time: Duration,
    burst: u32,
}

impl Quota {
    /// So many calls a second, all of which may come at once. 0 is taken for 1.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        Self::new(calls, SECOND)
    }

    /// So many calls a minute, all of which may come at once. 0 is taken for 1.
    #[must_use]
    pub fn per_minute(calls: u32) -> Self {
        Self::new(calls, MINUTE)
    }

    /// So many calls an hour, all of which may come at once. 0 is taken for 1.
    #[must_use]
    pub fn per_hour(calls: u32) -> Self {
        Self::new(calls, HOUR)
    }

    /// So many calls in a time, all of which may come at once. 0 is taken for 1; the time is at least a nanosecond a call, and at
    /// most a year.
    #[must_use]
    pub fn new(calls: u32, time: Duration) -> Self {
        let calls = calls.max(1);
        let time = time.clamp(Duration::from_nanos(calls.into()), 365 * 24 * HOUR);
        Self { calls, time, burst: calls }
    }

    /// How many calls may come at once, after a time without any. 0 is taken for 1.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls.max(1);
        self
    }

    /// How many calls in [`time`](Self::time).
    #[must_use]
    pub const fn calls(&self) -> u32 {
        self.calls
    }

    /// The time in which so many [`calls`](Self::calls) may be made.
    #[must_use]
    pub const fn time(&self) -> Duration {
        self.time
    }

    /// How many calls may come at once.
    #[must_use]
    pub const fn at_once(&self) -> u32 {
        self.burst
    }

    /// From one call to the next, on average.
    pub(crate) fn interval(&self) -> Duration {
        (self.time / self.calls).max(Duration::from_nanos(1))
    }

    pub(crate) fn governor(&self) -> governor::Quota {
        // governor counts the time of a whole burst in a word of nanoseconds: of more than a century of calls none are saved.
        let most = u128::from(u64::MAX >> 2) / self.interval().as_nanos();
        let burst = self.burst.min(u32::try_from(most).unwrap_or(u32::MAX));
        let each =
            governor::Quota::with_period(self.interval()).unwrap_or(governor::Quota::per_second(NonZeroU32::MIN));
        each.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
    }
}

/// `100 a second`, `100 a second, 20 at once`.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            SECOND => write!(f, "{} a second", self.calls),
            MINUTE => write!(f, "{} a minute", self.calls),
            HOUR => write!(f, "{} an hour", self.calls),
            time => write!(f, "{} in {time:?}", self.calls),
        }?;
        if self.burst == self.calls { Ok(()) } else { write!(f, ", {} at once", self.burst) }
    }
}
