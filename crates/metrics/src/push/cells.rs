use std::sync::Arc;

use metrics::{CounterFn, GaugeFn, Key};
use metrics_util::registry::Storage;

use super::number::Number;
use super::reservoir::Reservoir;
use super::sync::{AtomicU64, Ordering};

/// What a series is kept in.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) sample: usize,
}

impl Storage<Key> for Cells {
    type Counter = Arc<Count>;
    type Gauge = Arc<Level>;
    type Histogram = Arc<Reservoir>;

    fn counter(&self, _: &Key) -> Self::Counter {
        Arc::default()
    }

    fn gauge(&self, _: &Key) -> Self::Gauge {
        Arc::new(Level(Number::new(0.0)))
    }

    fn histogram(&self, _: &Key) -> Self::Histogram {
        Arc::new(Reservoir::new(self.sample))
    }
}

/// A counter: what it stands at, and how much of that was taken.
#[derive(Debug, Default)]
pub(super) struct Count {
    total: AtomicU64,
    taken: AtomicU64,
}

impl Count {
    /// How much it grew since the last time. One at a time may ask.
    pub(super) fn take(&self) -> u64 {
        let total = self.total.load(Ordering::Relaxed);
        total.wrapping_sub(self.taken.swap(total, Ordering::Relaxed))
    }

    /// So much was taken in vain.
    pub(super) fn give_back(&self, growth: u64) {
        self.taken.fetch_sub(growth, Ordering::Relaxed);
    }
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.total.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.total.fetch_max(value, Ordering::Relaxed);
    }
}

/// A gauge. It outlives the flush.
#[derive(Debug)]
pub(super) struct Level(Number);

impl Level {
    pub(super) fn get(&self) -> f64 {
        self.0.get()
    }
}

impl GaugeFn for Level {
    fn increment(&self, value: f64) {
        self.0.add(value);
    }

    fn decrement(&self, value: f64) {
        self.0.add(-value);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}
