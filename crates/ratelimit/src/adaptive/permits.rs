use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Limit, Sample};

/// As many permits as the limit says.
pub(super) struct Permits {
    pub(super) semaphore: Arc<Semaphore>,
    in_flight: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    limit: Box<dyn Limit>,
    /// How many permits there are, free ones and others.
    permits: usize,
}

impl Permits {
    pub(super) fn new(limit: impl Limit) -> Self {
        let permits = limit.limit().clamp(1, Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(permits)),
            in_flight: AtomicUsize::new(0),
            state: Mutex::new(State { limit: Box::new(limit), permits }),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.with(|state| state.limit.limit())
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn enter(&self) -> usize {
        self.in_flight.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Brings the permits to where the limit is after a call, whose own permit goes first where there are too many: those that
    /// are in use can't be taken away sooner.
    pub(super) fn learn(&self, sample: &Sample, permit: OwnedSemaphorePermit) {
        self.with(|state| {
            state.limit.update(sample);
            let wanted = state.limit.limit().clamp(1, Semaphore::MAX_PERMITS);
            if wanted > state.permits {
                self.semaphore.add_permits(wanted - state.permits);
                state.permits = wanted;
            } else if wanted < state.permits {
                permit.forget();
                state.permits -= 1;
                state.permits -= self.semaphore.forget_permits(state.permits - wanted);
            }
        });
    }

    fn with<R>(&self, run: impl FnOnce(&mut State) -> R) -> R {
        run(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|state| {
            f.debug_struct("Permits")
                .field("limit", &state.limit)
                .field("permits", &state.permits)
                .field("in_flight", &self.in_flight())
                .finish_non_exhaustive()
        })
    }
}
