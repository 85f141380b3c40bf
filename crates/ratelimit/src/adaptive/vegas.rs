use super::round::Rounds;
use super::{Limit, Sample, whole};
use std::ops::RangeInclusive;

/// Estimates the queue at the server, and keeps it short.
///
/// At a mean latency of *t*, `limit × (1 − idle / t)` calls wait in a queue rather than being served, where *idle* is that without one.
/// As TCP Vegas does, once a round (as many calls as the limit is), the limit grows while that is few
/// and shrinks when it is many; as Netflix's `VegasLimit` has it, few is 3 log₁₀ of the limit and many is 6 log₁₀, and it grows by
/// log₁₀, or by 6 log₁₀ while there is hardly any queue. It shrinks by half of the queue.
///
/// Every 60 rounds it holds the limit at half of what seems to be served, until the queue is gone, to learn the latency without a queue. Netflix's takes the
/// present latency for it instead; under a load that never ends there is a queue in that, and the limit would rise for ever.
///
/// It grows only while at least half of the limit is used. It begins with 20, and stays between 1 and 1000. A dropped call takes log₁₀ away
/// at once.
///
/// ```
/// use std::time::Duration;
/// use towerkit_ratelimit::adaptive::{Limit, Sample, Vegas};
///
/// let mut limit = Vegas::new();
/// let round = |limit: &mut Vegas, ms| {
///     for _ in 0..limit.limit() {
///         limit.update(&Sample { took: Duration::from_millis(ms), in_flight: 30, dropped: false });
///     }
///     limit.limit()
/// };
/// let more = round(&mut limit, 10); // no queue
/// assert!(more > 20);
/// assert!(round(&mut limit, 40) < more); // three of four are waiting
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Vegas(Rounds);

impl Vegas {
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

impl Default for Vegas {
    fn default() -> Self {
        Self::new()
    }
}

impl Limit for Vegas {
    fn limit(&self) -> usize {
        whole(self.0.limit)
    }

    fn update(&mut self, sample: &Sample) {
        if sample.dropped {
            return self.0.drop_to(self.0.limit - step(self.0.limit));
        }
        self.0.note(sample, |limit, idle, present| {
            let step = step(limit);
            let queue = limit * (1.0 - idle / present);
            if queue <= step {
                limit + 6.0 * step
            } else if queue < 3.0 * step {
                limit + step
            } else if queue > 6.0 * step {
                limit - queue / 2.0
            } else {
                limit
            }
        });
    }
}

fn step(limit: f64) -> f64 {
    limit.log10().max(1.0)
}
