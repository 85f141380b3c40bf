use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::fleet::{Micros, micros};
use super::{EndpointerEvent, Fleet};
use crate::Instance;

/// What is known here of one instance by the calls to it: what a [strategy](crate::balancer::Nodes) is told.
///
/// All balancers of an endpointer share it, and it lives as long as the instance is in the set. Its numbers are hints: they are read and
/// written without locks.
///
/// What a choice reads stands first, and so on one line of memory, mostly: of ten thousand nodes few are in a cache.
#[repr(C)]
pub(crate) struct Node {
    /// Until when it is left out; 0 where it is not; [`GONE`] once it has left the set.
    ejected_until: AtomicU64,
    in_flight: AtomicU32,
    /// Faults in a row.
    faults: AtomicU32,
    /// Nanoseconds, as the bits of an `f64`; 0 where there was no reply yet.
    latency: AtomicU64,
    latency_at: AtomicU64,
    /// It stands here so that a call that holds the node need not hold the fleet too: all threads would meet at its count.
    fleet: Arc<Fleet>,
    /// The last call that failed; 0 where none did.
    failed_at: AtomicU64,
    /// When it joined a set that was there already; 0 where it takes its whole share.
    joined_at: AtomicU64,
    /// When the last ejection was over; 0 where there was none.
    returned_at: AtomicU64,
    /// How often it was ejected, since it was last well for long.
    ejections: AtomicU32,
    /// As it was when it joined.
    instance: Instance,
}

const GONE: Micros = Micros::MAX;

impl Node {
    pub(super) fn new(instance: Instance, fleet: Arc<Fleet>, joined_at: Micros) -> Self {
        Self {
            fleet,
            instance,
            in_flight: AtomicU32::new(0),
            latency: AtomicU64::new(0),
            latency_at: AtomicU64::new(0),
            faults: AtomicU32::new(0),
            ejections: AtomicU32::new(0),
            ejected_until: AtomicU64::new(0),
            returned_at: AtomicU64::new(0),
            failed_at: AtomicU64::new(0),
            joined_at: AtomicU64::new(joined_at),
        }
    }

    /// Calls under way to it, from this endpointer.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The moving average of its latency, in nanoseconds, and when it was last touched; none before the first reply.
    pub(crate) fn latency(&self) -> Option<(f64, Micros)> {
        let bits = self.latency.load(Ordering::Relaxed);
        (bits != 0).then(|| (f64::from_bits(bits), self.latency_at.load(Ordering::Relaxed)))
    }

    /// A higher latency counts at once, a lower one bit by bit: by how long the last was ago, next to the time of decay.
    fn observe(&self, latency: Duration, now: Micros, decay: Duration) {
        let seen = latency.as_nanos() as f64;
        let last = self.latency_at.swap(now, Ordering::Relaxed);
        let _ = self.latency.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
            let average = f64::from_bits(bits);
            let next = if seen > average {
                seen
            } else {
                let kept = (-(now.saturating_sub(last) as f64) / micros(decay).max(1) as f64).exp();
                average * kept + seen * (1.0 - kept)
            };
            Some(next.max(1.0).to_bits())
        });
    }

    pub(crate) fn is_ejected(&self, now: impl FnOnce() -> Micros) -> bool {
        let until = self.ejected_until.load(Ordering::Relaxed);
        until != 0 && (until == GONE || now() < until)
    }

    /// Whether it is left out. One whose time is over comes back here.
    pub(crate) fn is_out(&self, now: impl FnOnce() -> Micros) -> bool {
        let until = self.ejected_until.load(Ordering::Relaxed);
        if until == 0 {
            return false;
        }
        let now = now();
        if until == GONE || now < until {
            return true;
        }
        if self.ejected_until.compare_exchange(until, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.fleet.give_ejection_back();
            self.returned_at.store(now, Ordering::Relaxed);
            self.fleet.tell(&EndpointerEvent::Returned { instance: &self.instance });
        }
        false
    }

    /// Whether a call failed here since then.
    pub(crate) fn has_failed_since(&self, since: Micros) -> bool {
        self.failed_at.load(Ordering::Relaxed) >= since
    }

    /// What part of its share it is to get, up to 1, while it is new.
    pub(crate) fn warmth(&self, now: impl FnOnce() -> Micros) -> f64 {
        /// Never so little that it does not get warm.
        const LEAST: f64 = 0.1;
        let Some(slow_start) = self.fleet.slow_start else { return 1.0 };
        let joined = self.joined_at.load(Ordering::Relaxed);
        if joined == 0 {
            return 1.0;
        }
        let warmth = now().saturating_sub(joined) as f64 / micros(slow_start).max(1) as f64;
        if warmth >= 1.0 {
            self.joined_at.store(0, Ordering::Relaxed);
        }
        warmth.clamp(LEAST, 1.0)
    }

    /// It has left the set: it is never called again, and takes up no ejection.
    pub(super) fn leave(&self) {
        if !matches!(self.ejected_until.swap(GONE, Ordering::Relaxed), 0 | GONE) {
            self.fleet.give_ejection_back();
        }
    }

    fn fault(&self, now: Micros) {
        let Some(outliers) = &self.fleet.outliers else { return };
        let faults = self.faults.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if faults < outliers.faults
            || self.ejected_until.load(Ordering::Relaxed) != 0
            || !self.fleet.take_ejection(outliers)
        {
            return;
        }
        let returned = self.returned_at.load(Ordering::Relaxed);
        if returned != 0 && now.saturating_sub(returned) >= micros(outliers.longest) {
            self.ejections.store(0, Ordering::Relaxed);
        }
        let time = outliers.time(self.ejections.load(Ordering::Relaxed));
        let until = now.saturating_add(micros(time)).min(GONE - 1);
        if self.ejected_until.compare_exchange(0, until, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            self.fleet.give_ejection_back();
            return;
        }
        self.ejections.fetch_add(1, Ordering::Relaxed);
        // Once it is back, one call shows whether it is well.
        self.faults.store(outliers.faults - 1, Ordering::Relaxed);
        self.fleet.tell(&EndpointerEvent::Ejected { instance: &self.instance, time });
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("instance", &self.instance)
            .field("in_flight", &self.in_flight)
            .finish_non_exhaustive()
    }
}

/// What became of a call, as far as it says something of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The instance answered, if only that the caller is wrong.
    Good,
    /// The instance failed.
    Fault,
    /// It says nothing of the instance, but a repetition does better elsewhere.
    Refused,
}

/// A call under way: given back when it is dropped, whatever became of it.
pub(crate) struct InFlight {
    node: Arc<Node>,
    /// Where latencies are measured: since when, and how fast they are forgotten.
    measured: Option<(Instant, Duration)>,
    /// The count of all calls was raised too.
    counted: bool,
    deadline: Option<Instant>,
    /// What became of it was said.
    told: bool,
}

impl InFlight {
    /// Begins now, which may be known already.
    pub(crate) fn new(
        node: Arc<Node>,
        decay: Option<Duration>,
        now: Option<Instant>,
        deadline: Option<Instant>,
    ) -> Self {
        node.in_flight.fetch_add(1, Ordering::Relaxed);
        let counted = node.fleet.begun();
        let measured = decay.map(|decay| (now.unwrap_or_else(Instant::now), decay));
        Self { node, measured, counted, deadline, told: false }
    }

    /// Says what became of it. What holds for a good call is the most common, and the cheapest.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        self.told = true;
        match outcome {
            Outcome::Good => {
                if self.node.faults.load(Ordering::Relaxed) != 0 {
                    self.node.faults.store(0, Ordering::Relaxed);
                }
                self.observe();
            }
            Outcome::Fault => {
                let now = self.node.fleet.now();
                self.node.failed_at.store(now, Ordering::Relaxed);
                self.node.fault(now);
            }
            Outcome::Refused => self.node.failed_at.store(self.node.fleet.now(), Ordering::Relaxed),
        }
    }

    /// The latency of a failure says nothing: who refuses at once is not quick.
    fn observe(&self) {
        if let Some((since, decay)) = self.measured {
            let now = Instant::now();
            self.node.observe(now.saturating_duration_since(since), self.node.fleet.micros(now), decay);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.node.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.counted {
            self.node.fleet.ended();
        }
        if !self.told {
            // Its caller went away. Where that was at the deadline, the instance has not answered in time; and it took at least so
            // long.
            match self.deadline {
                Some(deadline) if Instant::now() >= deadline => {
                    self.end(Outcome::Fault);
                    self.observe();
                }
                _ => {
                    if let (Some((since, _)), Some((average, _))) = (self.measured, self.node.latency())
                        && since.elapsed().as_nanos() as f64 > average
                    {
                        self.observe();
                    }
                }
            }
        }
    }
}
