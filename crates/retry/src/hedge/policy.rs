use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use towerkit_endpoint::{Code, Failure};

use super::latencies::Latencies;
use crate::Budget;

/// What a listener is told when a further attempt is about to go out beside those in flight.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Hedging {
    /// Which attempt it will be; the first is 1, so this is 2 or more.
    pub attempt: u32,
    /// How long the one before it was waited for.
    pub delay: Duration,
}

pub(super) type OnHedge = Arc<dyn Fn(&Hedging) + Send + Sync>;

/// When a further attempt is due.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    After(Duration),
    /// A quantile, 0 to 1.
    Quantile(f64),
}

/// The settings of a layer.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) when: When,
    pub(super) attempts: u32,
    pub(super) window: Duration,
    pub(super) min_samples: u64,
    pub(super) idempotent: bool,
    pub(super) budget: Option<Budget>,
    pub(super) on_hedge: Option<OnHedge>,
}

/// The settings, and the latencies that all clones of a service share.
pub(super) struct Policy {
    pub(super) settings: Settings,
    /// None where the delay is fixed.
    pub(super) latencies: Option<Latencies>,
}

impl Policy {
    pub(super) fn new(settings: Settings) -> Self {
        let latencies = match settings.when {
            When::After(_) => None,
            When::Quantile(quantile) => Some(Latencies::new(quantile, settings.window, settings.min_samples)),
        };
        Self { settings, latencies }
    }

    /// How long an attempt is waited for, where that is known yet.
    pub(super) fn delay(&self) -> Option<Duration> {
        match (self.settings.when, &self.latencies) {
            (When::After(delay), _) => Some(delay),
            (When::Quantile(_), latencies) => latencies.as_ref()?.delay(),
        }
    }
}

/// Whether a failure is what the service has to say to the request, so that the other attempts would hear the same. A fault,
/// a refusal on the way, a limit, and a conflict, which may be with the other attempt, say nothing about it.
pub(super) fn is_answer<E: Failure>(error: &E) -> bool {
    let code = error.code();
    !code.is_fault() && !error.is_not_sent() && !matches!(code, Code::ResourceExhausted | Code::Aborted)
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("when", &self.when)
            .field("attempts", &self.attempts)
            .field("window", &self.window)
            .field("min_samples", &self.min_samples)
            .field("idempotent", &self.idempotent)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
