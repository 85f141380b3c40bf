use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

/// A quantile of recent latencies.
///
/// Each latency goes into two histograms. The older one is read; every window it is emptied and they change places, so
/// that what is read has the latencies of the last one to two windows.
pub(super) struct Latencies {
    quantile: f64,
    window: Duration,
    min_samples: u64,
    recent: Mutex<Recent>,
    /// The quantile as last looked up, in microseconds, so that a call in flight takes no lock to know it.
    delay: AtomicU64,
}

struct Recent {
    older: Histogram<u32>,
    younger: Histogram<u32>,
    /// When they change places; none before the first latency.
    turn: Option<Instant>,
    /// At how many samples the quantile is looked up next.
    look_at: u64,
}

const UNKNOWN: u64 = u64::MAX;

impl Latencies {
    pub(super) fn new(quantile: f64, window: Duration, min_samples: u64) -> Self {
        let min_samples = min_samples.max(1);
        let recent = Recent { older: histogram(), younger: histogram(), turn: None, look_at: min_samples };
        Self { quantile, window, min_samples, recent: Mutex::new(recent), delay: AtomicU64::new(UNKNOWN) }
    }

    /// The quantile; none until there are samples enough.
    pub(super) fn delay(&self) -> Option<Duration> {
        match self.delay.load(Ordering::Relaxed) {
            UNKNOWN => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    pub(super) fn record(&self, latency: Duration, now: Instant) {
        // No code of others runs behind the lock, so that what it guards is whole.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let turned = recent.turn(now, self.window);
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        recent.older.saturating_record(micros);
        recent.younger.saturating_record(micros);

        // To look a quantile up takes microseconds: it is done as the samples grow by an eighth.
        let samples = recent.older.len();
        if turned || samples >= recent.look_at {
            let known = samples >= self.min_samples;
            let delay = if known { recent.older.value_at_quantile(self.quantile) } else { UNKNOWN };
            recent.look_at = if known { samples + samples / 8 + 1 } else { self.min_samples };
            self.delay.store(delay, Ordering::Relaxed);
        }
    }
}

impl Recent {
    /// Whether the histograms changed places.
    fn turn(&mut self, now: Instant, window: Duration) -> bool {
        let Some(turn) = self.turn else {
            self.turn = now.checked_add(window);
            return false;
        };
        let Some(late) = now.checked_duration_since(turn) else { return false };
        if late >= window {
            // Nothing came for a whole window: what there is, is old.
            self.younger.reset();
        }
        self.older.reset();
        std::mem::swap(&mut self.older, &mut self.younger);
        self.turn = now.checked_add(window);
        true
    }
}

/// From a microsecond to an hour, to two digits. What is outside counts as the end it is past.
#[expect(clippy::expect_used, reason = "the bounds are constants that the constructor takes")]
fn histogram() -> Histogram<u32> {
    Histogram::new_with_bounds(1, 3_600_000_000, 2).expect("bounds in order, and two digits")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn record(latencies: &Latencies, millis: impl IntoIterator<Item = u64>, at: Instant) {
        for millis in millis {
            latencies.record(Duration::from_millis(millis), at);
        }
    }

    fn near(seen: Option<Duration>, millis: u64) -> bool {
        seen.is_some_and(|seen| seen.abs_diff(Duration::from_millis(millis)) <= Duration::from_millis(1 + millis / 50))
    }

    #[test]
    fn below_the_minimum_of_samples_there_is_no_delay() {
        let latencies = Latencies::new(0.5, WINDOW, 10);
        record(&latencies, [5; 9], Instant::now());
        assert_eq!(latencies.delay(), None);
        record(&latencies, [5], Instant::now());
        assert!(near(latencies.delay(), 5));
    }

    #[test]
    fn what_is_older_than_two_windows_is_forgotten() {
        let latencies = Latencies::new(0.95, WINDOW, 10);
        let start = Instant::now();
        record(&latencies, [1000; 100], start);
        record(&latencies, [10; 100], start + WINDOW);
        assert!(near(latencies.delay(), 1000), "{:?}", latencies.delay());
        record(&latencies, [10; 100], start + WINDOW * 2);
        assert!(near(latencies.delay(), 10), "{:?}", latencies.delay());
    }

    #[test]
    fn after_a_long_silence_it_begins_anew() {
        let latencies = Latencies::new(0.95, WINDOW, 10);
        let start = Instant::now();
        record(&latencies, [1000; 100], start);
        record(&latencies, [10; 9], start + WINDOW * 5);
        assert_eq!(latencies.delay(), None);
        record(&latencies, [10], start + WINDOW * 5);
        assert!(near(latencies.delay(), 10));
    }

    #[test]
    fn the_longest_latency_counts_as_an_hour() {
        let latencies = Latencies::new(1.0, WINDOW, 1);
        latencies.record(Duration::MAX, Instant::now());
        assert!(near(latencies.delay(), 3_600_000));
    }

    proptest! {
        #[test]
        fn the_delay_is_the_quantile_of_the_samples(
            mut millis in prop::collection::vec(1_u64..10_000, 1..300), percent in 1_u32..=100,
        ) {
            // A minimum of all of them, so that the last one is looked up.
            let quantile = f64::from(percent) / 100.0;
            let latencies = Latencies::new(quantile, WINDOW, millis.len() as u64);
            record(&latencies, millis.iter().copied(), Instant::now());
            millis.sort_unstable();
            let rank = ((quantile * millis.len() as f64).ceil() as usize).clamp(1, millis.len());
            prop_assert!(near(latencies.delay(), millis[rank - 1]), "{:?} {}", latencies.delay(), millis[rank - 1]);
        }
    }
}
