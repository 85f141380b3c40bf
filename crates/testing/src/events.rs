//! A list that the code under test writes and the test reads.
//!
//! Hand a clone to a hook or a listener, and wait for what it should report. There is no need to sleep.
//!
//! ```
//! use std::time::Duration;
//! use towerkit_testing::events::Events;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let events = Events::new();
//!
//! let seen = events.clone();
//! let hook = move |status: u16| seen.push(status);
//! tokio::spawn(async move { hook(200); hook(404) });
//!
//! assert_eq!(events.wait_len(2, Duration::from_secs(5)).await, [200, 404]);
//! # }
//! ```

use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::wait;

/// A list in the order of the pushes, which grows until it is [taken](Self::take). Clones share it, across threads too.
pub struct Events<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    events: Mutex<Vec<T>>,
    changed: Notify,
}

impl<T> Events<T> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared { events: Mutex::new(Vec::new()), changed: Notify::new() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.shared.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event, and wakes whoever waits.
    pub fn push(&self, event: T) {
        self.lock().push(event);
        self.shared.changed.notify_waiters();
    }

    /// Takes all events out, and leaves the list empty.
    #[must_use]
    pub fn take(&self) -> Vec<T> {
        core::mem::take(&mut *self.lock())
    }

    /// How many events are in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Clone> Events<T> {
    /// The events so far.
    #[must_use]
    pub fn snapshot(&self) -> Vec<T> {
        self.lock().clone()
    }
}

impl<T: Clone + fmt::Debug> Events<T> {
    /// Waits until `condition` holds of the list, and returns the list.
    ///
    /// Panics with what is in the list if it does not hold within `within`, on tokio's clock. Under paused time the
    /// bound costs nothing.
    #[track_caller]
    pub fn wait_for(&self, condition: impl Fn(&[T]) -> bool, within: Duration) -> impl Future<Output = Vec<T>> {
        let at = Location::caller();
        let events = self.clone();
        async move {
            let look = || Some(events.snapshot()).filter(|list| condition(list));
            match wait::until_seen(&events.shared.changed, within, look).await {
                Some(list) => list,
                None => wait::failed(at, within, &events.snapshot()),
            }
        }
    }

    /// Waits until there are at least `len` events. See [`wait_for`](Self::wait_for).
    #[track_caller]
    pub fn wait_len(&self, len: usize, within: Duration) -> impl Future<Output = Vec<T>> {
        self.wait_for(move |list| list.len() >= len, within)
    }
}

impl<T> Clone for Events<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Default for Events<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().iter()).finish()
    }
}
