// The test binary `loom` includes this very file, with loom's atomics for `sync`.
use super::sync::{AtomicU64, Ordering};

/// A bucket of tokens, counted in thousandths.
///
/// No memory but the counter itself is handed from one thread to another by it, so relaxed ordering is enough: the count is
/// right because each change is one atomic step.
#[derive(Debug)]
pub(crate) struct Tokens {
    balance: AtomicU64,
    capacity: u64,
}

/// One token.
pub(crate) const ONE: u64 = 1000;

impl Tokens {
    /// Full.
    pub(crate) fn new(capacity: u64) -> Self {
        Self { balance: AtomicU64::new(capacity), capacity }
    }

    /// Adds what fits in. A full bucket is only read, so that threads whose calls go well share its cache line.
    #[inline]
    pub(crate) fn deposit(&self, amount: u64) {
        let mut balance = self.balance.load(Ordering::Relaxed);
        while balance < self.capacity && amount > 0 {
            let sum = balance.saturating_add(amount).min(self.capacity);
            match self.balance.compare_exchange_weak(balance, sum, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => balance = other,
            }
        }
    }

    /// Takes one token; whether there was one.
    pub(crate) fn withdraw(&self) -> bool {
        let mut balance = self.balance.load(Ordering::Relaxed);
        while let Some(rest) = balance.checked_sub(ONE) {
            match self.balance.compare_exchange_weak(balance, rest, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => balance = other,
            }
        }
        false
    }

    /// What there is.
    pub(crate) fn balance(&self) -> u64 {
        self.balance.load(Ordering::Relaxed)
    }
}
