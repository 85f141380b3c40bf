use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::policy::{FailureRate, Policy};
use crate::{CircuitChange, SleepWindow};

/// What a [`Breaker`](crate::Breaker) is made from. Clones may make more of the same kind, which share nothing.
///
/// ```
/// use std::time::Duration;
/// use towerkit_circuitbreaker::policy::ConsecutiveFailures;
/// use towerkit_circuitbreaker::{Breaker, BreakerSettings, SleepWindow};
///
/// let settings = BreakerSettings::new(ConsecutiveFailures::new(5))
///     .sleep_window(SleepWindow::exponential(Duration::from_millis(500), Duration::from_secs(30)))
///     .probes(3)
///     .on_change(|change| eprintln!("payments: {change}"));
/// let breaker = Breaker::new(settings);
/// ```
#[derive(Clone)]
pub struct BreakerSettings {
    pub(crate) policy: Arc<dyn Policy>,
    pub(crate) sleep: SleepWindow,
    pub(crate) probes: u32,
    pub(crate) probe_timeout: Duration,
    pub(crate) on_change: Option<Arc<OnChange>>,
}

pub(crate) type OnChange = dyn Fn(&CircuitChange) + Send + Sync;

impl BreakerSettings {
    /// With what opens the circuit. It then sleeps 5 s, and one probe decides.
    #[must_use]
    pub fn new(policy: impl Policy) -> Self {
        Self {
            policy: Arc::new(policy),
            sleep: SleepWindow::constant(Duration::from_secs(5)),
            probes: 1,
            probe_timeout: Duration::from_secs(30),
            on_change: None,
        }
    }

    /// The defaults of Netflix's Hystrix: opens when 50 % of at least 20 calls in 10 s have failed, sleeps 5 s, and one probe decides.
    #[must_use]
    pub fn hystrix() -> Self {
        Self::new(FailureRate::new(0.5).min_calls(20).window(Duration::from_secs(10)))
    }

    /// How long the circuit stays open before it lets probes through.
    #[must_use]
    pub fn sleep_window(mut self, sleep: SleepWindow) -> Self {
        self.sleep = sleep;
        self
    }

    /// How many calls are let through after the sleep. When all of them have gone well the circuit closes, when one fails it
    /// opens again; one that is cancelled makes room for another. 0 is taken for 1.
    #[must_use]
    pub fn probes(mut self, probes: u32) -> Self {
        self.probes = probes.max(1);
        self
    }

    /// How long the circuit waits for its probes before it takes them for failed. By default 30 s. It matters where calls have
    /// no deadline of their own.
    #[must_use]
    pub const fn probe_timeout(mut self, time: Duration) -> Self {
        self.probe_timeout = time;
        self
    }

    /// Is told of each change of state, in their order, one at a time, by the task whose call made the change. It must not
    /// block. It may ask the breaker, and force it.
    #[must_use]
    pub fn on_change(mut self, listener: impl Fn(&CircuitChange) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Arc::new(listener));
        self
    }
}

impl<P: Policy> From<P> for BreakerSettings {
    fn from(policy: P) -> Self {
        Self::new(policy)
    }
}

impl fmt::Debug for BreakerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerSettings")
            .field("policy", &self.policy)
            .field("probes", &self.probes)
            .field("probe_timeout", &self.probe_timeout)
            .finish_non_exhaustive()
    }
}
