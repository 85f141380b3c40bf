use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Reason;

/// How many hashes are computed, and how many callers wait for that.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    at_once: usize,
    waiting: usize,
    /// A permit for each hash that is computed.
    working: Arc<Semaphore>,
    /// A permit for each call, whether it waits or is computed.
    entered: Arc<Semaphore>,
}

/// The right to compute a hash, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _working: OwnedSemaphorePermit,
    _entered: OwnedSemaphorePermit,
}

impl Limits {
    fn new(at_once: usize, waiting: usize) -> Self {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS / 2);
        let waiting = waiting.min(Semaphore::MAX_PERMITS / 2);
        let (working, entered) = (Semaphore::new(at_once), Semaphore::new(at_once + waiting));
        Self { at_once, waiting, working: Arc::new(working), entered: Arc::new(entered) }
    }

    pub(super) fn with_at_once(&self, at_once: usize) -> Self {
        Self::new(at_once, self.waiting)
    }

    pub(super) fn with_waiting(&self, waiting: usize) -> Self {
        Self::new(self.at_once, waiting)
    }

    /// Waits for a place; at once overloaded where too many do.
    pub(super) async fn enter(&self) -> Result<Place, Reason> {
        let entered = Arc::clone(&self.entered).try_acquire_owned().map_err(|_| Reason::Overloaded)?;
        let working = Arc::clone(&self.working).acquire_owned().await;
        let working = working.map_err(|error| Reason::Unavailable(error.into()))?;
        Ok(Place { _working: working, _entered: entered })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(4, 64)
    }
}
