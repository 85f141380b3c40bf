use super::sync::{AtomicU64, Ordering};

/// A number that is kept as its bits.
#[derive(Debug)]
pub(super) struct Number(AtomicU64);

impl Number {
    pub(super) fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn replace(&self, value: f64) -> f64 {
        f64::from_bits(self.0.swap(value.to_bits(), Ordering::Relaxed))
    }

    pub(super) fn add(&self, value: f64) {
        self.change(|now| Some(now + value));
    }

    pub(super) fn least(&self, value: f64) {
        self.change(|now| (value < now).then_some(value));
    }

    pub(super) fn greatest(&self, value: f64) {
        self.change(|now| (value > now).then_some(value));
    }

    /// To what it makes of it, or not at all.
    fn change(&self, make: impl Fn(f64) -> Option<f64>) {
        let mut now = self.0.load(Ordering::Relaxed);
        while let Some(next) = make(f64::from_bits(now)) {
            match self.0.compare_exchange_weak(now, next.to_bits(), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
    }
}
