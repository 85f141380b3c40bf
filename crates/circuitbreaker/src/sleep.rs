use std::fmt;
use std::iter;
use std::time::Duration;

use failsafe::backoff;

/// How long a circuit stays open before it lets probes through: the first time, the second time in a row, and so on. A
/// circuit that closes starts over.
///
/// ```
/// use std::time::Duration;
/// use towerkit_circuitbreaker::SleepWindow;
///
/// // Always the same.
/// let _ = SleepWindow::constant(Duration::from_secs(5));
/// // Doubled each time, half of it at random, so that the callers of one server don't come back at once.
/// let _ = SleepWindow::exponential(Duration::from_millis(200), Duration::from_secs(30));
/// // Any iterator; its last value goes on.
/// let _ = SleepWindow::each([1, 5, 30].map(Duration::from_secs));
/// ```
pub struct SleepWindow {
    fresh: Box<dyn Start>,
    next: Box<dyn Iterator<Item = Duration> + Send + Sync>,
    last: Duration,
}

/// An iterator that can be had anew.
trait Start: Send + Sync {
    fn start(&self) -> Box<dyn Iterator<Item = Duration> + Send + Sync>;
    fn boxed(&self) -> Box<dyn Start>;
}

impl<I: IntoIterator<Item = Duration, IntoIter: Send + Sync + 'static> + Clone + Send + Sync + 'static> Start for I {
    fn start(&self) -> Box<dyn Iterator<Item = Duration> + Send + Sync> {
        Box::new(self.clone().into_iter())
    }

    fn boxed(&self) -> Box<dyn Start> {
        Box::new(self.clone())
    }
}

impl SleepWindow {
    /// The same time always.
    #[must_use]
    pub fn constant(time: Duration) -> Self {
        Self::each(iter::once(time))
    }

    /// `first`, then doubled up to `most`, each between a half of it and the whole, at random (failsafe's equal jitter). In steps
    /// of a millisecond, and at least one.
    #[must_use]
    pub fn exponential(first: Duration, most: Duration) -> Self {
        // failsafe's backoffs count whole seconds, and panic below one: it is given a second for each millisecond.
        let stretched =
            |time: Duration| Duration::from_secs(u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 33));
        let first = stretched(first);
        let seconds = backoff::equal_jittered(first, stretched(most).max(first));
        Self::each(seconds.map(|time| Duration::from_millis(time.as_secs().max(1))))
    }

    /// One after the other; the last goes on. Any of failsafe's backoffs is such an iterator. Of none at all the circuit is
    /// open no time.
    #[must_use]
    pub fn each<I>(times: I) -> Self
    where
        I: IntoIterator<Item = Duration, IntoIter: Send + Sync + 'static> + Clone + Send + Sync + 'static,
    {
        Self { next: times.start(), fresh: Box::new(times), last: Duration::ZERO }
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.last = self.next.next().unwrap_or(self.last);
        self.last
    }

    pub(crate) fn restart(&mut self) {
        self.next = self.fresh.start();
        self.last = Duration::ZERO;
    }
}

/// The clone starts over.
impl Clone for SleepWindow {
    fn clone(&self) -> Self {
        Self { fresh: self.fresh.boxed(), next: self.fresh.start(), last: Duration::ZERO }
    }
}

impl fmt::Debug for SleepWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SleepWindow").field("last", &self.last).finish_non_exhaustive()
    }
}
