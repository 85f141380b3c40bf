use std::time::Duration;

/// Passive health: an instance whose calls fail is left out for a while.
///
/// After so many faults in a row ([`Code::is_fault`](towerkit_endpoint::Code::is_fault)) an instance is ejected, for a time that grows
/// with each further ejection. A call that was cut off by its deadline is a fault; one that its caller gave up earlier, or that a
/// layer in this process [refused](towerkit_endpoint::Failure::is_refused), is none. A good reply ends the row. Of one that has come back
/// a single fault is enough, until a reply was good. However many
/// fail, no more than a share of all instances is out at a time: where everything fails it is not the instances that are at fault.
///
/// A circuit breaker around each instance does the same by rules of its own, without that share. Take one of the two: a circuit that opens
/// after fewer faults keeps its instance from ever being ejected.
///
/// ```
/// use std::time::Duration;
/// use towerkit_sd::Outliers;
///
/// let outliers = Outliers::new()
///     .consecutive_faults(3)
///     .base_ejection_time(Duration::from_secs(5))
///     .max_ejection_time(Duration::from_secs(60))
///     .max_ejected(0.3);
/// # let _ = outliers;
/// ```
#[derive(Clone, Debug)]
pub struct Outliers {
    pub(super) faults: u32,
    pub(super) first: Duration,
    pub(super) longest: Duration,
    pub(super) share: f64,
}

impl Outliers {
    /// Five faults in a row, ejected for 10 s at first and for 5 minutes at most, no more than half of all at a time.
    #[must_use]
    pub const fn new() -> Self {
        Self { faults: 5, first: Duration::from_secs(10), longest: Duration::from_secs(300), share: 0.5 }
    }

    /// After how many faults in a row an instance is ejected. Zero counts as one.
    #[must_use]
    pub const fn consecutive_faults(mut self, faults: u32) -> Self {
        self.faults = if faults == 0 { 1 } else { faults };
        self
    }

    /// For how long at the first time, in place of 10 s. Each further time is twice the last.
    #[must_use]
    pub const fn base_ejection_time(mut self, time: Duration) -> Self {
        self.first = time;
        self
    }

    /// For how long at most, in place of 5 minutes. After it was well for as long, an instance begins anew.
    #[must_use]
    pub const fn max_ejection_time(mut self, time: Duration) -> Self {
        self.longest = time;
        self
    }

    /// What share of all instances may be out at a time, from 0 to 1. It is rounded down: of three, a half is one.
    #[must_use]
    pub const fn max_ejected(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// How many may be out, of so many.
    pub(super) fn allowed(&self, of: usize) -> usize {
        (of as f64 * self.share.clamp(0.0, 1.0)).floor() as usize
    }

    /// How long the ejection of this number lasts, the first being 0.
    pub(super) fn time(&self, number: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(number)).min(self.longest)
    }
}

impl Default for Outliers {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_down_and_kept_between_none_and_all() {
        let half = Outliers::new();
        assert_eq!([0, 1, 2, 3, 10].map(|of| half.allowed(of)), [0, 0, 1, 1, 5]);
        assert_eq!(Outliers::new().max_ejected(7.0).allowed(4), 4);
        assert_eq!(Outliers::new().max_ejected(f64::NAN).allowed(4), 0);
    }

    #[test]
    fn each_ejection_is_twice_as_long_as_the_last_up_to_the_longest() {
        let outliers =
            Outliers::new().base_ejection_time(Duration::from_secs(1)).max_ejection_time(Duration::from_secs(5));
        assert_eq!([0, 1, 2, 3, 400].map(|number| outliers.time(number).as_secs()), [1, 2, 4, 5, 5]);
    }
}
