use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::event::OnEvent;
use super::{EndpointerEvent, Outliers};

/// What all instances of an endpointer have in common.
pub(crate) struct Fleet {
    base: Instant,
    pub(super) outliers: Option<Outliers>,
    pub(super) slow_start: Option<Duration>,
    pub(super) panic_threshold: f64,
    pub(super) on_event: Option<OnEvent>,
    /// How many are connected to.
    size: AtomicUsize,
    /// How many of them are left out.
    ejected: AtomicUsize,
    /// A strategy wants the calls to all of them counted. All balancers do it then, for each sees the calls of the others at the nodes.
    counts_all: AtomicBool,
    /// Calls under way to all of them, where they are counted.
    total: AtomicU64,
}

/// Microseconds since the endpointer was made, and never 0, which stands for "not at all".
pub(crate) type Micros = u64;

impl Fleet {
    pub(super) fn new() -> Self {
        Self {
            base: Instant::now(),
            outliers: Some(Outliers::new()),
            slow_start: None,
            panic_threshold: 0.5,
            on_event: None,
            size: AtomicUsize::new(0),
            ejected: AtomicUsize::new(0),
            counts_all: AtomicBool::new(false),
            total: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Micros {
        self.micros(Instant::now())
    }

    pub(crate) fn micros(&self, at: Instant) -> Micros {
        micros(at.saturating_duration_since(self.base)).max(1)
    }

    pub(super) fn tell(&self, event: &EndpointerEvent<'_>) {
        if let Some(on_event) = &self.on_event {
            on_event(event);
        }
    }

    pub(super) fn set_size(&self, size: usize) {
        self.size.store(size, Ordering::Relaxed);
    }

    /// Whether so many are out that this says nothing of them any more, and all are to be called.
    pub(crate) fn panics(&self) -> bool {
        let ejected = self.ejected.load(Ordering::Relaxed);
        if ejected == 0 {
            return false;
        }
        let size = self.size.load(Ordering::Relaxed) as f64;
        size - (ejected as f64) < size * self.panic_threshold
    }

    /// Leave for one more to be out.
    pub(super) fn take_ejection(&self, outliers: &Outliers) -> bool {
        let allowed = outliers.allowed(self.size.load(Ordering::Relaxed));
        let take = |ejected| (ejected < allowed).then_some(ejected + 1);
        self.ejected.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    pub(super) fn give_ejection_back(&self) {
        self.ejected.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(super) fn count_all(&self) {
        self.counts_all.store(true, Ordering::Relaxed);
    }

    /// Whether the call that begins is counted, and is to be [ended](Self::ended).
    pub(super) fn begun(&self) -> bool {
        let counts = self.counts_all.load(Ordering::Relaxed);
        if counts {
            self.total.fetch_add(1, Ordering::Relaxed);
        }
        counts
    }

    pub(super) fn ended(&self) {
        self.total.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn micros(time: Duration) -> Micros {
    // `Duration::as_micros` counts in 128 bits, which each call would pay for.
    time.as_secs().saturating_mul(1_000_000).saturating_add(time.subsec_micros().into())
}
