use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use crate::CircuitChange;
use crate::settings::OnChange;

/// Tells a listener of changes, in their order and one at a time, without holding a lock that it might want.
pub(crate) struct Listener {
    listener: Arc<OnChange>,
    queue: Mutex<VecDeque<CircuitChange>>,
    telling: Mutex<()>,
}

impl Listener {
    pub(crate) fn new(listener: Arc<OnChange>) -> Self {
        Self { listener, queue: Mutex::default(), telling: Mutex::default() }
    }

    /// Called in the order of the changes.
    pub(crate) fn queue(&self, change: CircuitChange) {
        self.with(|queue| queue.push_back(change));
    }

    /// Tells what is in the queue. Where another thread is telling, or the listener itself has made a change, it is they who go on.
    pub(crate) fn tell(&self) {
        loop {
            let telling = match self.telling.try_lock() {
                Ok(telling) => telling,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(), // the listener panicked, once
                Err(TryLockError::WouldBlock) => return,
            };
            while let Some(change) = self.with(VecDeque::pop_front) {
                (self.listener)(&change);
            }
            drop(telling);
            // Something may have come between the last look and the unlocking, and found it locked.
            if self.with(|queue| queue.is_empty()) {
                return;
            }
        }
    }

    fn with<R>(&self, run: impl FnOnce(&mut VecDeque<CircuitChange>) -> R) -> R {
        run(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
