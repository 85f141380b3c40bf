use super::{Bounds, Limit, Sample, is_used, whole};
use std::ops::RangeInclusive;

const START: f64 = 20.0;
const BACKOFF: f64 = 0.9;

/// Adds one while calls go well, and takes a tenth away at each one that is dropped (additive increase, multiplicative decrease).
///
/// It learns from failures alone, so it needs a server that refuses, or a deadline, and holds the server at its brink. It grows only
/// while at least half of the limit is used. It begins with 20, and stays between 1 and 1000.
///
/// ```
/// use std::time::Duration;
/// use towerkit_ratelimit::adaptive::{Aimd, Limit, Sample};
///
/// let mut limit = Aimd::new().bounds(1..=100);
/// limit.update(&Sample { took: Duration::from_millis(5), in_flight: 20, dropped: false });
/// assert_eq!(limit.limit(), 21);
/// limit.update(&Sample { took: Duration::from_secs(1), in_flight: 20, dropped: true });
/// assert_eq!(limit.limit(), 18);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Aimd {
    limit: f64,
    bounds: Bounds,
}

impl Aimd {
    /// With the defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { limit: START, bounds: Bounds::new() }
    }

    /// Sets between which numbers it stays. The lower one is at least 1, the upper one at least the lower.
    #[must_use]
    pub fn bounds(mut self, bounds: RangeInclusive<usize>) -> Self {
        self.bounds.set(&bounds);
        self.limit = self.bounds.clamp(self.limit);
        self
    }
}

impl Default for Aimd {
    fn default() -> Self {
        Self::new()
    }
}

impl Limit for Aimd {
    fn limit(&self) -> usize {
        whole(self.limit)
    }

    fn update(&mut self, sample: &Sample) {
        let new = if sample.dropped {
            (self.limit * BACKOFF).floor()
        } else if is_used(self.limit, sample) {
            self.limit + 1.0
        } else {
            return;
        };
        self.limit = self.bounds.clamp(new);
    }
}
