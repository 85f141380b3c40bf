//! What a breaker does, as a state machine: it has no clock, no lock and no listener.

use std::time::Duration;

use tokio::time::Instant;

use crate::{CircuitChange, CircuitState, SleepWindow};

/// Numbers the stays in a state: even while the circuit is closed, odd while it is not. A call carries that of its admission, so
/// that what it says of a stay that has ended is not believed.
pub(crate) type Stay = u64;

pub(crate) const fn is_closed(stay: Stay) -> bool {
    stay.is_multiple_of(2)
}

#[derive(Debug)]
pub(crate) struct Machine {
    sleep: SleepWindow,
    probes: u32,
    probe_timeout: Duration,
    stay: Stay,
    since: Instant,
    phase: Phase,
    forced: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    /// No `until` where it was forced.
    Open {
        until: Option<Instant>,
        slept: Duration,
    },
    HalfOpen {
        admitted: u32,
        good: u32,
        slept: Duration,
    },
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    Good,
    Bad,
    Cancelled,
}

impl Machine {
    pub(crate) fn new(sleep: SleepWindow, probes: u32, probe_timeout: Duration, now: Instant) -> Self {
        Self { sleep, probes, probe_timeout, stay: 0, since: now, phase: Phase::Closed, forced: false }
    }

    pub(crate) const fn stay(&self) -> Stay {
        self.stay
    }

    pub(crate) const fn since(&self) -> Instant {
        self.since
    }

    pub(crate) const fn is_forced(&self) -> bool {
        self.forced
    }

    pub(crate) const fn state(&self) -> CircuitState {
        match self.phase {
            Phase::Closed => CircuitState::Closed,
            Phase::Open { until, .. } => CircuitState::Open { until },
            Phase::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    /// Lets a call through, or says how long to wait before the next try, where that is known.
    pub(crate) fn admit(&mut self, now: Instant) -> (Result<Stay, Option<Duration>>, Option<CircuitChange>) {
        let mut change = None;
        if let Phase::Open { until: Some(until), slept } = self.phase
            && until <= now
        {
            change = self.enter(Phase::HalfOpen { admitted: 0, good: 0, slept }, now);
        }
        match &mut self.phase {
            Phase::Closed => return (Ok(self.stay), change),
            Phase::HalfOpen { admitted, .. } if *admitted < self.probes => {
                *admitted += 1;
                return (Ok(self.stay), change);
            }
            // A probe that neither ends nor is dropped would keep the circuit half open for ever.
            Phase::HalfOpen { .. } if now.saturating_duration_since(self.since) >= self.probe_timeout => {
                change = self.open(None, now);
            }
            Phase::HalfOpen { .. } | Phase::Open { .. } => {}
        }
        (Err(self.remaining(now)), change)
    }

    /// Whether [`admit`](Self::admit) would refuse.
    pub(crate) fn would_refuse(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Closed => false,
            Phase::Open { until, .. } => until.is_none_or(|until| now < until),
            Phase::HalfOpen { admitted, .. } => {
                admitted >= self.probes && now.saturating_duration_since(self.since) < self.probe_timeout
            }
        }
    }

    /// How long to wait before the next try, where that is known.
    pub(crate) fn remaining(&self, now: Instant) -> Option<Duration> {
        match self.phase {
            Phase::Closed => Some(Duration::ZERO),
            Phase::Open { until, .. } => until.map(|until| until.saturating_duration_since(now)),
            Phase::HalfOpen { slept, .. } => Some(slept),
        }
    }

    /// Opens the circuit, since calls of this stay have failed; for as long as is said, or else as the next sleep is.
    pub(crate) fn trip(&mut self, stay: Stay, sleep: Option<Duration>, now: Instant) -> Option<CircuitChange> {
        if stay != self.stay || self.forced {
            return None;
        }
        self.open(sleep, now)
    }

    /// Takes note of how a probe ended. `sleep` says how long to sleep after a bad one, or else the next sleep does.
    pub(crate) fn probed(
        &mut self,
        stay: Stay,
        probe: Probe,
        sleep: Option<Duration>,
        now: Instant,
    ) -> Option<CircuitChange> {
        let Phase::HalfOpen { admitted, good, .. } = &mut self.phase else { return None };
        if stay != self.stay {
            return None;
        }
        match probe {
            Probe::Cancelled => {
                *admitted -= 1;
                None
            }
            Probe::Bad => self.open(sleep, now),
            Probe::Good => {
                *good += 1;
                if *good < self.probes {
                    return None;
                }
                self.close(now)
            }
        }
    }

    pub(crate) fn force_open(&mut self, now: Instant) -> Option<CircuitChange> {
        self.forced = true;
        match self.phase {
            Phase::Open { until: None, .. } => None,
            _ => self.enter(Phase::Open { until: None, slept: Duration::ZERO }, now),
        }
    }

    pub(crate) fn force_closed(&mut self, now: Instant) -> Option<CircuitChange> {
        self.forced = true;
        self.close(now)
    }

    /// Ends what was forced: the circuit is closed, and counts anew.
    pub(crate) fn reset(&mut self, now: Instant) -> Option<CircuitChange> {
        self.forced = false;
        self.close(now)
    }

    fn close(&mut self, now: Instant) -> Option<CircuitChange> {
        self.sleep.restart();
        match self.phase {
            Phase::Closed => None,
            _ => self.enter(Phase::Closed, now),
        }
    }

    fn open(&mut self, sleep: Option<Duration>, now: Instant) -> Option<CircuitChange> {
        let slept = sleep.unwrap_or_else(|| self.sleep.next());
        // A sleep too long for the clock has no end.
        self.enter(Phase::Open { until: now.checked_add(slept), slept }, now)
    }

    fn enter(&mut self, phase: Phase, now: Instant) -> Option<CircuitChange> {
        let from = self.state();
        self.phase = phase;
        self.since = now;
        // To the next number that says truly whether the circuit is closed.
        self.stay += 1;
        if is_closed(self.stay) != matches!(phase, Phase::Closed) {
            self.stay += 1;
        }
        Some(CircuitChange::new(from, self.state(), now))
    }
}
