use super::round::Rounds;
use super::{Limit, Sample, whole};
use std::ops::RangeInclusive;

/// How much longer than without a queue calls may take before the limit shrinks.
const TOLERANCE: f64 = 1.5;

/// How much of each new estimate is taken over.
const SMOOTHING: f64 = 0.5;

/// Compares the present latency with that of a server that has no queue.
///
/// As Netflix's `GradientLimit`: `limit × gradient + √limit`, where the gradient is 1.5 times the latency without a queue over the present
/// one, between 0.5 and 1. It is worked out once a round (as many calls as the limit is), of the mean latency, and half of the new
/// estimate is taken over; so it bears latencies that vary better than [`Vegas`](super::Vegas), and lets a longer queue stand.
///
/// Every 60 rounds it holds the limit at half of what seems to be served, until the queue is gone, to learn the latency without a queue. (Netflix's
/// `Gradient2Limit` takes the average of the last 600 calls for it, and so rises for ever under a load that never ends.)
///
/// It grows only while at least half of the limit is used. It begins with 20, and stays between 1 and 1000. A dropped call takes a
/// tenth away at once.
///
/// ```
/// use std::time::Duration;
/// use towerkit_ratelimit::adaptive::{Gradient, Limit, Sample};
///
/// let mut limit = Gradient::new();
/// let round = |limit: &mut Gradient, ms| {
///     for _ in 0..limit.limit() {
///         limit.update(&Sample { took: Duration::from_millis(ms), in_flight: 100, dropped: false });
///     }
///     limit.limit()
/// };
/// let more = round(&mut limit, 10);
/// assert!(more > 20);
/// assert!(round(&mut limit, 50) < more);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gradient(Rounds);

impl Gradient {
    /// With the defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self(Rounds::new())
    }

    /// Sets between which numbers it stays. The lower one is at least 1, the upper one at least the lower.
    #[must_use]
    pub fn bounds(self, bounds: RangeInclusive<usize>) -> Self {
        Self(self.0.bounds(bounds))
    }
}

impl Default for Gradient {
    fn default() -> Self {
        Self::new()
    }
}

impl Limit for Gradient {
    fn limit(&self) -> usize {
        whole(self.0.limit)
    }

    fn update(&mut self, sample: &Sample) {
        if sample.dropped {
            return self.0.drop_to(self.0.limit * 0.9);
        }
        self.0.note(sample, |limit, idle, present| {
            let gradient = (TOLERANCE * idle / present).clamp(0.5, 1.0);
            let new = limit * gradient + limit.sqrt();
            limit * (1.0 - SMOOTHING) + new * SMOOTHING
        });
    }
}
