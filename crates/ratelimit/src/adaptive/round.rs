//! What limits learn from the latency of calls, a round of them at a time.

use super::{Bounds, Sample};
use std::ops::RangeInclusive;

/// After how many rounds the latency without a queue is learnt anew.
const BETWEEN: u32 = 60;

/// A limit on calls in flight that is worked out once a round, which is as many calls as the limit is: by then the calls are back that
/// began after the last change.
///
/// While less than half of the limit is used, the latency of the calls is that of a server without a queue. While most of it is, it
/// holds the limit from time to time at half of what seems to be served, until the queue is gone, and asks the calls of that time for
/// the latency without one. The latency of the calls as they come will not do for it: under a load that never ends there always is a
/// queue, it would be taken for normal, and the limit would rise with it for ever.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounds {
    pub(super) limit: f64,
    pub(super) bounds: Bounds,
    /// The mean latency without a queue, in seconds.
    idle: Option<f64>,
    round: Round,
    rounds: u32,
    held: Option<Held>,
}

/// The limit is held, while the latency without a queue is learnt.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// What it was before.
    limit: f64,
    /// How many calls have to come back that began before.
    before: f64,
}

#[derive(Clone, Copy, Debug)]
struct Round {
    calls: f64,
    sum: f64,
    in_flight: f64,
}

impl Round {
    const NONE: Self = Self { calls: 0.0, sum: 0.0, in_flight: 0.0 };
}

impl Rounds {
    pub(super) const fn new() -> Self {
        // The first time of learning comes soon.
        Self { limit: 20.0, bounds: Bounds::new(), idle: None, round: Round::NONE, rounds: BETWEEN - 10, held: None }
    }

    pub(super) fn bounds(mut self, bounds: RangeInclusive<usize>) -> Self {
        self.bounds.set(&bounds);
        self.limit = self.bounds.clamp(self.limit);
        self
    }

    /// Makes the limit smaller, at once: a call was dropped.
    pub(super) fn drop_to(&mut self, limit: f64) {
        self.limit = self.bounds.clamp(limit.min(self.limit));
        if let Some(held) = &mut self.held {
            held.limit = held.limit.min(self.limit);
        }
    }

    /// Takes note of a call that went well, and at the end of a round works the limit out: of the limit, the mean latency without a queue, and
    /// that of the round. While less than half of the limit is used there is nothing to learn about it.
    pub(super) fn note(&mut self, sample: &Sample, work_out: impl FnOnce(f64, f64, f64) -> f64) {
        let took = sample.took.as_secs_f64().max(1e-9);
        #[expect(clippy::cast_precision_loss, reason = "no limit is so large")]
        let in_flight = sample.in_flight as f64;
        if let Some(held) = &mut self.held
            && held.before > 0.0
        {
            held.before -= 1.0;
            return;
        }
        self.round.calls += 1.0;
        self.round.sum += took;
        self.round.in_flight = self.round.in_flight.max(in_flight);
        if self.round.calls < self.limit.floor().max(5.0) {
            return;
        }
        let Round { calls, sum, in_flight } = std::mem::replace(&mut self.round, Round::NONE);
        let present = sum / calls;
        match self.held.take() {
            Some(held) => {
                self.idle = Some(present);
                self.limit = self.bounds.clamp(held.limit);
            }
            None => {
                let idle = *self.idle.get_or_insert(present);
                self.rounds += 1;
                if in_flight * 2.0 < self.limit {
                    // The limit keeps nobody back: if there is a queue, it is not of its making.
                    self.idle = Some(present);
                } else if self.rounds >= BETWEEN && in_flight >= self.limit * 0.8 {
                    self.rounds = 0;
                    self.held = Some(Held { limit: self.limit, before: self.limit.max(in_flight) });
                    // Half of what is served rather than waiting, as far as is known.
                    let served = self.limit.min(in_flight) * (idle / present).min(1.0);
                    self.limit = self.bounds.clamp(served / 2.0);
                } else {
                    self.limit = self.bounds.clamp(work_out(self.limit, idle, present));
                }
            }
        }
    }
}
