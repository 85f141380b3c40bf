use std::time::Duration;

use tokio::time::Instant;

use super::{Counts, Outcome, Policy, Tally, Trip};

/// Opens when either of two policies says so; both count every call. What [`Policy::or`] makes.
#[derive(Clone, Copy, Debug)]
pub struct Or<A, B> {
    first: A,
    second: B,
}

impl<A, B> Or<A, B> {
    pub(super) const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: Policy, B: Policy> Policy for Or<A, B> {
    fn tally(&self) -> Box<dyn Tally> {
        Box::new(Both(self.first.tally(), self.second.tally()))
    }
}

#[derive(Debug)]
struct Both(Box<dyn Tally>, Box<dyn Tally>);

impl Tally for Both {
    fn record(&self, outcome: &Outcome) -> Option<Trip> {
        let (first, second) = (self.0.record(outcome), self.1.record(outcome));
        first.or(second)
    }

    fn reset(&self, now: Instant) {
        self.0.reset(now);
        self.1.reset(now);
    }

    fn times_calls(&self) -> bool {
        self.0.times_calls() || self.1.times_calls()
    }

    fn probe_failed(&self) -> Option<Duration> {
        let (first, second) = (self.0.probe_failed(), self.1.probe_failed());
        first.or(second)
    }

    fn counts(&self, now: Instant) -> Counts {
        let (first, second) = (self.0.counts(now), self.1.counts(now));
        Counts {
            calls: first.calls.max(second.calls),
            failures: first.failures.max(second.failures),
            slow: first.slow.max(second.slow),
        }
    }
}
