//! Waiting for a condition, with a bound.

use core::fmt;
use core::panic::Location;
use core::pin::pin;
use core::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Looks again at each change until there is something to see. `None` after `within`.
pub(crate) async fn until<R>(changed: &Notify, within: Duration, look: impl Fn() -> Option<R>) -> Option<R> {
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
