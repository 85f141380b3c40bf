use std::borrow::Cow;
use std::time::Duration;

use towerkit_endpoint::BoxError;

use crate::{Lifeline, Member};

/// A member that does nothing but wait when it is asked to stop.
///
/// It stands after the servers and before the registration. Then the stop goes: deregister, wait, drain; and the servers
/// still take calls while balancers learn that the instance is going.
///
/// ```text
///   not ready ─▶ deregister ─▶ wait: calls still come, and are served ─▶ servers drain
/// ```
///
/// Its stop timeout is its time and a second more, whatever the group's limit is.
///
/// ```
/// use std::time::Duration;
/// use towerkit_lifecycle::{Group, Linger, Signals};
///
/// let group = Group::new()
///     .with(Signals::terminate())
///     // .with(serve(...))
///     .with(Linger::new(Duration::from_secs(5)));
///     // .with(registration)
/// # let _ = group;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Linger {
    time: Duration,
}

impl Linger {
    /// Waits for this long.
    #[must_use]
    pub const fn new(time: Duration) -> Self {
        Self { time }
    }
}

impl Member for Linger {
    fn name(&self) -> Cow<'static, str> {
        "linger".into()
    }

    fn stop_timeout(&self) -> Option<Duration> {
        Some(self.time.saturating_add(Duration::from_secs(1)))
    }

    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        lifeline.ready();
        lifeline.stopping().await;
        tokio::time::sleep(self.time).await;
        Ok(())
    }
}
