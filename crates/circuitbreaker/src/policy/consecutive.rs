use tokio::time::Instant;

use super::{Counts, Outcome, Policy, Tally, Trip};
use crate::sync::{AtomicU64, Ordering};

/// Opens when so many calls have failed one after the other.
///
/// It looks at no clock, and a call that goes well writes nothing unless one had failed just before. With many calls at the same
/// time it is nervous where they are few, and deaf where some still go well: [`FailureRate`](super::FailureRate) is the better
/// rule for a busy server.
///
/// ```
/// use towerkit_circuitbreaker::Breaker;
/// use towerkit_circuitbreaker::policy::ConsecutiveFailures;
///
/// let breaker = Breaker::new(ConsecutiveFailures::new(5));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConsecutiveFailures {
    failures: u32,
}

impl ConsecutiveFailures {
    /// So many; 0 is taken for 1.
    #[must_use]
    pub fn new(failures: u32) -> Self {
        Self { failures: failures.max(1) }
    }
}

impl Policy for ConsecutiveFailures {
    fn tally(&self) -> Box<dyn Tally> {
        Box::new(Row { most: self.failures.into(), failures: AtomicU64::new(0) })
    }
}

#[derive(Debug)]
struct Row {
    most: u64,
    failures: AtomicU64,
}

impl Tally for Row {
    fn record(&self, outcome: &Outcome) -> Option<Trip> {
        if outcome.failed() {
            let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
            return (failures >= self.most).then(Trip::new);
        }
        // Most calls find nothing to write, and so share the cache line.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        None
    }

    fn reset(&self, _: Instant) {
        self.failures.store(0, Ordering::Relaxed);
    }

    fn counts(&self, _: Instant) -> Counts {
        let failures = self.failures.load(Ordering::Relaxed);
        Counts { calls: failures, failures, ..Counts::default() }
    }
}
