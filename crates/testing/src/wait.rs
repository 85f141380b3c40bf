//! Waiting for a condition that can only be looked at, with a bound.
//!
//! What tells of its changes is waited for by itself, and sooner: [`ProbeHandle::wait_for`](crate::probe::ProbeHandle::wait_for),
//! [`Events::wait_for`](crate::events::Events::wait_for), [`Process::wait_for`](crate::process::Process::wait_for).
//!
//! ```
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use std::time::Duration;
//! use towerkit_testing::wait;
//!
//! static ENDED: AtomicBool = AtomicBool::new(false);
//! std::thread::spawn(|| ENDED.store(true, Ordering::Release));
//! wait::until_blocking("the thread has ended", Duration::from_secs(10), || ENDED.load(Ordering::Acquire));
//! ```

use core::fmt;
use core::panic::Location;
use core::pin::pin;
use core::time::Duration;
use std::thread;
use std::time::Instant as SystemInstant;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

/// How long until it is looked again.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until a condition holds, and looks at it every 10 ms. The bound is of the system's time, which a test can't pause: where
/// tokio's is paused, it goes on by 10 ms with each look.
///
/// # Panics
///
/// Where it does not hold `within` this time: with what was waited for.
pub async fn until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    let bound = Bound::new(what, within);
    while !condition() {
        bound.check();
        sleep(PAUSE).await;
    }
}

/// As [`until`], on a thread that may block.
///
/// # Panics
///
/// Where it does not hold `within` this time: with what was waited for.
pub fn until_blocking(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    let bound = Bound::new(what, within);
    while !condition() {
        bound.check();
        thread::sleep(PAUSE);
    }
}

struct Bound<'a> {
    what: &'a str,
    within: Duration,
    start: SystemInstant,
}

impl<'a> Bound<'a> {
    fn new(what: &'a str, within: Duration) -> Self {
        Self { what, within, start: SystemInstant::now() }
    }

    fn check(&self) {
        assert!(self.start.elapsed() < self.within, "waited {:?} in vain until {}", self.within, self.what);
    }
}

/// Looks again at each change until there is something to see. `None` after `within`.
pub(crate) async fn until_seen<R>(changed: &Notify, within: Duration, look: impl Fn() -> Option<R>) -> Option<R> {
    let deadline = Instant::now() + within;
    loop {
        let mut next = pin!(changed.notified());
        next.as_mut().enable(); // before the look: no change falls between the two
        if let Some(seen) = look() {
            return Some(seen);
        }
        if timeout_at(deadline, next).await.is_err() {
            return look();
        }
    }
}

#[expect(clippy::panic, reason = "an expectation of a test was not met")]
pub(crate) fn failed(at: &Location<'_>, within: Duration, seen: &dyn fmt::Debug) -> ! {
    panic!("waited {within:?} in vain at {at}; there was: {seen:#?}")
}
