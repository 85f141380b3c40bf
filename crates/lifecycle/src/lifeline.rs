use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What a member holds of its group: by it the member says that it is up, and learns that it is to stop.
///
/// Clones are the same lifeline.
#[derive(Clone, Debug)]
pub struct Lifeline {
    ready: watch::Sender<bool>,
    stop_by: watch::Receiver<Option<Instant>>,
    requests: watch::Sender<u32>,
}

impl Lifeline {
    /// A lifeline without a group, and what stops it: for tests, and for programs with one member.
    ///
    /// ```
    /// use std::time::Duration;
    /// use towerkit_lifecycle::Lifeline;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (lifeline, stopper) = Lifeline::detached();
    /// let member = tokio::spawn(async move {
    ///     lifeline.ready();
    ///     lifeline.stopping().await;
    /// });
    /// stopper.ready().await;
    /// stopper.stop(Duration::from_secs(5));
    /// member.await.unwrap();
    /// # }
    /// ```
    #[must_use]
    pub fn detached() -> (Self, Stopper) {
        Self::new(watch::Sender::new(0))
    }

    pub(crate) fn new(requests: watch::Sender<u32>) -> (Self, Stopper) {
        let stop_by = watch::Sender::new(None);
        let lifeline = Self { ready: watch::Sender::new(false), stop_by: stop_by.subscribe(), requests };
        let stopper = Stopper { ready: lifeline.ready.subscribe(), stop_by };
        (lifeline, stopper)
    }

    /// Says that the member is up: it listens, it is registered. The next one starts. Only the first call counts.
    pub fn ready(&self) {
        self.ready.send_replace(true);
    }

    /// Waits until the member is asked to stop. Any number of tasks may wait, and waiting may be given up.
    ///
    /// It also ends where the group, or the [`Stopper`], is gone.
    pub async fn stopping(&self) {
        let mut stop_by = self.stop_by.clone();
        // An error says that the other end is gone; then there is no one to run for.
        let _ = stop_by.wait_for(Option::is_some).await;
    }

    /// Whether the member was asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop_by().is_some()
    }

    /// When the member is aborted; none until it is asked to stop.
    #[must_use]
    pub fn stop_by(&self) -> Option<Instant> {
        *self.stop_by.borrow()
    }

    /// Asks the group to stop; asked for a second time, it aborts what has not stopped by then.
    pub fn stop_group(&self) {
        self.requests.send_modify(|requests| *requests += 1);
    }
}

/// The other end of a [`Lifeline`].
#[derive(Debug)]
pub struct Stopper {
    ready: watch::Receiver<bool>,
    stop_by: watch::Sender<Option<Instant>>,
}

impl Stopper {
    /// Waits until the member says that it is up. Where its lifeline is gone it never does.
    pub async fn ready(&self) {
        let mut ready = self.ready.clone();
        if ready.wait_for(|ready| *ready).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Asks the member to stop within a time. A time too long for the clock is a day.
    pub fn stop(&self, within: Duration) {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let now = Instant::now();
        self.stop_by.send_replace(Some(now.checked_add(within).unwrap_or(now + DAY)));
    }

    pub(crate) fn stop_at(&self, stop_by: Instant) {
        self.stop_by.send_replace(Some(stop_by));
    }
}
