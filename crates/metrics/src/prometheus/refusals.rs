use std::sync::atomic::{AtomicU64, Ordering};

/// What could not be recorded, counted on the page itself: nothing is lost in silence.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    not_a_number: AtomicU64,
    name_taken: AtomicU64,
}

impl Refusals {
    pub(super) fn not_a_number(&self) {
        self.not_a_number.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn name_taken(&self) {
        self.name_taken.fetch_add(1, Ordering::Relaxed);
    }

    /// By reason.
    pub(super) fn counts(&self) -> [(&'static str, u64); 2] {
        [
            ("name_taken", self.name_taken.load(Ordering::Relaxed)),
            ("not_a_number", self.not_a_number.load(Ordering::Relaxed)),
        ]
    }
}
