use std::time::Duration;

/// How long to wait before a repetition: a random time below a ceiling that grows with each attempt.
///
/// It is the "full jitter" of AWS's "Exponential Backoff And Jitter": of calls that failed together no two come back
/// together. Before the n-th repetition the wait is drawn evenly from zero to `min(max, first * factor^(n-1))`.
///
/// ```
/// use std::time::Duration;
/// use towerkit_retry::Backoff;
///
/// let backoff = Backoff::new(Duration::from_millis(25));
/// assert_eq!(backoff.ceiling(1), Duration::from_millis(25));
/// assert_eq!(backoff.ceiling(3), Duration::from_millis(100));
/// assert_eq!(backoff.ceiling(100), Duration::from_secs(1)); // the most
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    first: Duration,
    factor: f64,
    max: Duration,
}

impl Backoff {
    /// With a ceiling for the first wait. It doubles with each attempt, up to 1 s.
    #[must_use]
    pub const fn new(first: Duration) -> Self {
        Self { first, factor: 2.0, max: Duration::from_secs(1) }
    }

    /// No wait, but for what the failure asks.
    #[must_use]
    pub const fn none() -> Self {
        Self::new(Duration::ZERO)
    }

    /// By how much the ceiling grows with each attempt, in place of 2. Below 1, or not a number, it is 1: a constant
    /// ceiling.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = if factor >= 1.0 { factor } else { 1.0 };
        self
    }

    /// The highest ceiling, in place of 1 s.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// The longest wait before a repetition; the first is number 1.
    #[must_use]
    pub fn ceiling(&self, repetition: u32) -> Duration {
        if self.first.is_zero() {
            return Duration::ZERO;
        }
        let exponent = i32::try_from(repetition.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.first.as_secs_f64() * self.factor.powi(exponent);
        // What is too long for a duration is above any cap.
        Duration::try_from_secs_f64(seconds).map_or(self.max, |ceiling| ceiling.min(self.max))
    }

    /// The wait before a repetition, of a number that is even among all of `u64`.
    pub(crate) fn delay(&self, repetition: u32, random: u64) -> Duration {
        let ceiling = u64::try_from(self.ceiling(repetition).as_nanos()).unwrap_or(u64::MAX);
        // The upper half of the product is `random / 2^64` of the range [0, ceiling].
        let range = u128::from(ceiling) + 1;
        Duration::from_nanos(((u128::from(random) * range) >> 64) as u64)
    }
}

/// 25 ms, doubled with each attempt up to 1 s.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(25))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_never_above_the_ceiling_nor_the_ceiling_above_the_cap(
            first in any::<u64>(), cap in any::<u64>(), factor in any::<f64>(), n in any::<u32>(), random in any::<u64>(),
        ) {
            let backoff = Backoff::new(Duration::from_nanos(first)).max(Duration::from_nanos(cap)).factor(factor);
            prop_assert!(backoff.delay(n, random) <= backoff.ceiling(n));
            prop_assert!(backoff.ceiling(n) <= Duration::from_nanos(cap));
        }

        #[test]
        fn the_ceiling_never_falls(first in 0_u64..10_000_000_000, factor in 0.0_f64..10.0, n in 1_u32..200) {
            let backoff = Backoff::new(Duration::from_nanos(first)).factor(factor).max(Duration::from_secs(3600));
            prop_assert!(backoff.ceiling(n) <= backoff.ceiling(n + 1));
        }

        #[test]
        fn doubling_is_exact_in_whole_milliseconds(first in 1_u64..1000, n in 1_u32..10) {
            let backoff = Backoff::new(Duration::from_millis(first)).max(Duration::MAX);
            let (ceiling, model) = (backoff.ceiling(n), Duration::from_millis(first << (n - 1)));
            prop_assert!(ceiling.abs_diff(model) <= Duration::from_nanos(1), "{ceiling:?} {model:?}");
        }
    }

    #[test]
    fn the_whole_range_is_drawn_from() {
        let backoff = Backoff::new(Duration::from_millis(25));
        assert_eq!(backoff.delay(1, 0), Duration::ZERO);
        assert_eq!(backoff.delay(1, u64::MAX), Duration::from_millis(25));
        assert_eq!(backoff.delay(1, u64::MAX / 2).as_micros(), 12_500);
    }

    #[test]
    fn without_a_backoff_there_is_no_wait() {
        assert_eq!(Backoff::none().delay(7, u64::MAX), Duration::ZERO);
    }

    #[test]
    fn the_longest_settings_do_not_overflow() {
        let backoff = Backoff::new(Duration::MAX).max(Duration::MAX);
        assert!(backoff.delay(u32::MAX, u64::MAX) <= Duration::MAX);
    }
}
