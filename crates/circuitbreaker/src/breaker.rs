use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::listener::Listener;
use crate::machine::{Machine, Probe, Stay, is_closed};
use crate::policy::{Outcome, Tally};
use crate::sync::{AtomicU64, Ordering};
use crate::{BreakerSettings, CircuitChange, CircuitSnapshot, CircuitState, Verdict};

/// A circuit, to be observed and forced. Clones are the same circuit.
///
/// It is given to a [`CircuitBreakerLayer`](crate::CircuitBreakerLayer), or to several that are to open together.
///
/// ```
/// use towerkit_circuitbreaker::{Breaker, BreakerSettings, CircuitState};
///
/// let breaker = Breaker::new(BreakerSettings::hystrix());
/// assert_eq!(breaker.state(), CircuitState::Closed);
///
/// breaker.force_open(); // the operator knows better
/// assert_eq!(breaker.snapshot().state.as_str(), "open");
/// breaker.reset();
/// assert_eq!(breaker.state(), CircuitState::Closed);
/// ```
#[derive(Clone)]
pub struct Breaker(Arc<Shared>);

struct Shared {
    // What the machine's stay is. A call that finds it even needs no lock.
    stay: AtomicU64,
    machine: Mutex<Machine>,
    tally: Box<dyn Tally>,
    times_calls: bool,
    refused: AtomicU64,
    opened: AtomicU64,
    listener: Option<Listener>,
}

impl Breaker {
    /// A circuit that is closed, made from settings, or from a [policy](crate::policy) alone.
    #[must_use]
    pub fn new(settings: impl Into<BreakerSettings>) -> Self {
        let BreakerSettings { policy, sleep, probes, probe_timeout, on_change } = settings.into();
        let tally = policy.tally();
        let machine = Machine::new(sleep, probes, probe_timeout, Instant::now());
        Self(Arc::new(Shared {
            stay: AtomicU64::new(machine.stay()),
            machine: Mutex::new(machine),
            times_calls: tally.times_calls(),
            tally,
            refused: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            listener: on_change.map(Listener::new),
        }))
    }

    /// What it does with calls at present. A circuit whose time to sleep is over is open until the next call.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        self.0.lock().state()
    }

    /// All there is to know at present.
    #[must_use]
    pub fn snapshot(&self) -> CircuitSnapshot {
        let machine = self.0.lock();
        CircuitSnapshot {
            state: machine.state(),
            since: machine.since(),
            forced: machine.is_forced(),
            counts: self.0.tally.counts(Instant::now()),
            refused: self.0.refused.load(Ordering::Relaxed),
            opened: self.0.opened.load(Ordering::Relaxed),
        }
    }

    /// Opens the circuit until [`reset`](Self::reset), whatever the calls do.
    pub fn force_open(&self) {
        self.0.change(Machine::force_open);
    }

    /// Closes the circuit until [`reset`](Self::reset), whatever the calls do.
    pub fn force_closed(&self) {
        self.0.change(Machine::force_closed);
    }

    /// Closes the circuit, forgets what was counted, and lets the calls decide from here on.
    pub fn reset(&self) {
        self.0.change(Machine::reset);
        self.0.tally.reset(Instant::now());
    }

    /// Lets a call through, or refuses it.
    #[inline]
    pub(crate) fn admit(&self) -> Result<Permit, Refused> {
        let stay = self.0.stay.load(Ordering::Acquire);
        let stay = if is_closed(stay) { stay } else { self.0.admit()? };
        let began = self.0.times_calls.then(Instant::now);
        Ok(Permit { breaker: self.clone(), stay, began })
    }

    /// Refuses a call that found the circuit open when it asked for readiness.
    pub(crate) fn refuse(&self) -> Refused {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        Refused { retry_after: self.0.lock().remaining(Instant::now()) }
    }

    /// Whether a call made now would be refused.
    #[inline]
    pub(crate) fn would_refuse(&self) -> bool {
        !is_closed(self.0.stay.load(Ordering::Acquire)) && self.0.lock().would_refuse(Instant::now())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Machine> {
        // No code of others runs behind the lock, so that what it guards is whole.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, run: impl FnOnce(&mut Machine, Instant) -> Option<CircuitChange>) {
        self.with(|machine, now| ((), run(machine, now)));
    }

    /// Runs the machine, and does what its change of state asks for.
    fn with<R>(&self, run: impl FnOnce(&mut Machine, Instant) -> (R, Option<CircuitChange>)) -> R {
        let mut machine = self.lock();
        let (result, change) = run(&mut machine, Instant::now());
        let Some(change) = change else { return result };
        match change.to {
            // Before the circuit is seen to be closed, so that the first calls are counted.
            CircuitState::Closed => self.tally.reset(change.at),
            CircuitState::Open { .. } => {
                self.opened.fetch_add(1, Ordering::Relaxed);
            }
            CircuitState::HalfOpen => {}
        }
        self.stay.store(machine.stay(), Ordering::Release);
        if let Some(listener) = &self.listener {
            listener.queue(change);
        }
        drop(machine);
        if let Some(listener) = &self.listener {
            listener.tell();
        }
        result
    }

    #[cold]
    fn admit(&self) -> Result<Stay, Refused> {
        self.with(Machine::admit).map_err(|retry_after| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            Refused { retry_after }
        })
    }

    #[cold]
    fn probed(&self, stay: Stay, probe: Probe) {
        // Outside of the lock: a policy of the user's may take its time.
        let sleep = if probe == Probe::Bad { self.tally.probe_failed() } else { None };
        self.change(|machine, now| machine.probed(stay, probe, sleep, now));
    }
}

/// A call that was not let through.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) retry_after: Option<Duration>,
}

/// A call that was let through. Dropped without a word it was cancelled.
#[derive(Debug)]
pub(crate) struct Permit {
    breaker: Breaker,
    stay: Stay,
    began: Option<Instant>,
}

impl Permit {
    /// The call has ended.
    #[inline]
    pub(crate) fn ended(mut self, verdict: Verdict) {
        let failed = match verdict {
            Verdict::Success => false,
            Verdict::Failure => true,
            Verdict::Ignored => return, // as if it were cancelled
        };
        let shared = &self.breaker.0;
        if !is_closed(self.stay) {
            let stay = std::mem::take(&mut self.stay); // a closed one: there is no probe to give back any more
            shared.probed(stay, if failed { Probe::Bad } else { Probe::Good });
        } else if shared.stay.load(Ordering::Relaxed) == self.stay
            && let Some(trip) = shared.tally.record(&Outcome::now(failed, self.began))
        {
            shared.change(|machine, now| machine.trip(self.stay, trip.sleep(), now));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !is_closed(self.stay) {
            self.breaker.0.probed(self.stay, Probe::Cancelled);
        }
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Breaker").field(&self.snapshot()).finish()
    }
}
