use std::sync::Mutex;
use std::time::SystemTime;

use towerkit_endpoint::TraceContext;

/// A measurement, and the trace it was made in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exemplar {
    pub(super) value: f64,
    pub(super) trace: TraceContext,
    pub(super) time: SystemTime,
}

/// The last one of a bucket.
#[derive(Debug, Default)]
pub(super) struct Slot(Mutex<Option<Exemplar>>);

impl Slot {
    /// Keeps it, unless somebody else is at it just now: nobody waits here.
    pub(super) fn keep(&self, exemplar: Exemplar) {
        if let Ok(mut kept) = self.0.try_lock() {
            *kept = Some(exemplar);
        }
    }

    pub(super) fn get(&self) -> Option<Exemplar> {
        self.0.lock().ok().and_then(|kept| *kept)
    }
}
