use std::borrow::Cow;
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
    requests: watch::Sender<Requests>,
    member: Cow<'static, str>,
}

/// What was asked of a group by its members.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(crate) count: u32,
    /// Who asked first, and why.
    pub(crate) first: Option<String>,
}

impl Lifeline {
    /// A lifeline without a group, and what stops it: for tests, and for programs with one member.
    ///
    /// Where the [`Stopper`] is dropped, the member is stopping: there is no one left to run for.
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
        Self::new("detached".into(), watch::Sender::default())
    }

    pub(crate) fn new(member: Cow<'static, str>, requests: watch::Sender<Requests>) -> (Self, Stopper) {
        let stop_by = watch::Sender::new(None);
        let lifeline = Self { ready: watch::Sender::new(false), stop_by: stop_by.subscribe(), requests, member };
        let requests = lifeline.requests.subscribe();
        let stopper = Stopper { ready: lifeline.ready.subscribe(), stop_by, requests };
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

    /// Whether the member was asked to stop, or the group or the [`Stopper`] is gone: whether [`stopping`](Self::stopping)
    /// would end at once.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        // An error says that the other end is gone.
        self.stop_by().is_some() || self.stop_by.has_changed().is_err()
    }

    /// When the member is aborted; none until it is asked to stop.
    #[must_use]
    pub fn stop_by(&self) -> Option<Instant> {
        *self.stop_by.borrow()
    }

    /// Asks the group to stop; asked for a second time, it aborts what has not stopped by then.
    ///
    /// The member itself goes on until it is asked in its turn.
    pub fn stop_group(&self) {
        self.ask(None);
    }

    /// As [`stop_group`](Self::stop_group), with a reason for the report and the log.
    pub fn stop_group_because(&self, reason: impl Into<Cow<'static, str>>) {
        self.ask(Some(reason.into()));
    }

    fn ask(&self, reason: Option<Cow<'static, str>>) {
        self.requests.send_modify(|requests| {
            requests.count = requests.count.saturating_add(1);
            requests.first.get_or_insert_with(|| match reason {
                Some(reason) => format!("{}: {reason}", self.member),
                None => self.member.to_string(),
            });
        });
    }
}

/// The other end of a [`Lifeline`].
#[derive(Debug)]
pub struct Stopper {
    ready: watch::Receiver<bool>,
    stop_by: watch::Sender<Option<Instant>>,
    requests: watch::Receiver<Requests>,
}

impl Stopper {
    /// Waits until the member says that it is up. Where its lifeline is gone it never does.
    pub async fn ready(&self) {
        let mut ready = self.ready.clone();
        if ready.wait_for(|ready| *ready).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the member asks for the stop of its group. Where its lifeline is gone it never does.
    pub async fn stop_requested(&self) {
        let mut requests = self.requests.clone();
        if requests.wait_for(|requests| requests.count > 0).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Asks the member to stop within a time. A time too long for the clock is a day.
    pub fn stop(&self, within: Duration) {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let now = Instant::now();
        self.stop_by.send_replace(Some(now.checked_add(within).unwrap_or(now + DAY)));
    }

    /// Whether it was asked already.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop_by.borrow().is_some()
    }

    pub(crate) fn stop_at(&self, stop_by: Instant) {
        self.stop_by.send_replace(Some(stop_by));
    }
}
