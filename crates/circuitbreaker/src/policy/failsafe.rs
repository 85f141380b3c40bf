use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use failsafe::FailurePolicy;
use tokio::time::Instant;

use super::{Counts, Outcome, Policy, Tally, Trip};

/// Opens when a policy of the crate failsafe says so, for as long as the backoff in it says.
///
/// The half-open state, with its probes, and cancelled calls are this crate's. What is in the policy stays as it is: its time is the
/// system's and can't be paused by tests, `success_rate_over_time_window` counts whole seconds and forgets its calls below one, and
/// its backoffs panic below one. It stands behind a lock that each call takes.
///
/// ```
/// use std::time::Duration;
/// use failsafe::backoff;
/// use failsafe::failure_policy::{consecutive_failures, success_rate_over_time_window};
/// use failsafe::FailurePolicy as _;
/// use towerkit_circuitbreaker::Breaker;
/// use towerkit_circuitbreaker::policy::Failsafe;
///
/// let breaker = Breaker::new(Failsafe::new(|| {
///     let backoff = backoff::equal_jittered(Duration::from_secs(1), Duration::from_secs(60));
///     consecutive_failures(5, backoff.clone())
///         .or_else(success_rate_over_time_window(0.8, 20, Duration::from_secs(30), backoff))
/// }));
/// ```
pub struct Failsafe<F> {
    make: F,
}

impl<F, P> Failsafe<F>
where
    F: Fn() -> P + Send + Sync + 'static,
    P: FailurePolicy + Send + 'static,
{
    /// With what makes the policy of a breaker.
    pub const fn new(make: F) -> Self {
        Self { make }
    }
}

impl<F, P> Policy for Failsafe<F>
where
    F: Fn() -> P + Send + Sync + 'static,
    P: FailurePolicy + Send + 'static,
{
    fn tally(&self) -> Box<dyn Tally> {
        Box::new(Locked(Mutex::new((self.make)())))
    }
}

impl<F> fmt::Debug for Failsafe<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failsafe").finish_non_exhaustive()
    }
}

struct Locked<P>(Mutex<P>);

impl<P: FailurePolicy> Locked<P> {
    fn with<R>(&self, run: impl FnOnce(&mut P) -> R) -> R {
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<P: FailurePolicy + Send> Tally for Locked<P> {
    fn record(&self, outcome: &Outcome) -> Option<Trip> {
        self.with(|policy| {
            if outcome.failed() {
                return policy.mark_dead_on_failure().map(Trip::lasting);
            }
            policy.record_success();
            None
        })
    }

    fn reset(&self, _: Instant) {
        self.with(FailurePolicy::revived);
    }

    fn probe_failed(&self) -> Option<Duration> {
        self.with(FailurePolicy::mark_dead_on_failure)
    }

    /// failsafe's policies don't tell.
    fn counts(&self, _: Instant) -> Counts {
        Counts::default()
    }
}

impl<P> fmt::Debug for Locked<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Locked").finish_non_exhaustive()
    }
}
