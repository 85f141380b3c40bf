use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use towerkit_endpoint::BoxError;

use crate::{Lifeline, Running};

/// One thing that runs for as long as the service does: a server, a registration, an exporter.
pub trait Member: Send + 'static {
    /// What logs, reports and readiness call it.
    fn name(&self) -> Cow<'static, str>;

    /// Runs until it is asked to stop, or ends by itself.
    ///
    /// It calls [`Lifeline::ready`] when it is up, awaits [`Lifeline::stopping`] beside its work, and then ends in good order
    /// before [`Lifeline::stop_by`]; after that it is aborted.
    ///
    /// What it returns, and when, decides for the group:
    ///
    /// | it ends | before it was ready | once it was ready |
    /// | --- | --- | --- |
    /// | with `Ok` | a job, and done: the next member starts | the group stops |
    /// | with an error or a panic | the start fails | the group stops, and fails |
    fn run(self, lifeline: Lifeline) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Runs it in a task of its own, without a group: in a program with one member, and in tests.
    ///
    /// ```
    /// use std::time::Duration;
    /// use towerkit_lifecycle::{Member, MemberEnding, member_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let heartbeat = member_fn("heartbeat", |lifeline| async move {
    ///     lifeline.ready();
    ///     lifeline.stopping().await;
    ///     Ok(())
    /// });
    /// let running = heartbeat.spawn();
    /// // ... what the program does ...
    /// let report = running.stop(Duration::from_secs(5)).await;
    /// assert!(matches!(report.ending, MemberEnding::Stopped), "{report}");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    fn spawn(self) -> Running
    where
        Self: Sized,
    {
        Running::start(self)
    }

    /// How long its stop may take, where it knows: it takes the place of the group's
    /// [limit](crate::Group::stop_timeout), and yields to [`Group::with_stop_timeout`](crate::Group::with_stop_timeout). None by default.
    fn stop_timeout(&self) -> Option<Duration> {
        None
    }

    /// Whether it must run before all others start and until all others have stopped, wherever it was added: what listens for
    /// signals must. False by default.
    fn surrounds(&self) -> bool {
        false
    }
}

/// A member of a name and an async function.
///
/// ```
/// use towerkit_lifecycle::{Group, member_fn};
///
/// let heartbeat = member_fn("heartbeat", |lifeline| async move {
///     lifeline.ready();
///     lifeline.stopping().await;
///     Ok(())
/// });
/// let group = Group::new().with(heartbeat);
/// # let _ = group;
/// ```
pub fn member_fn<F, Fut>(name: impl Into<Cow<'static, str>>, function: F) -> MemberFn<F>
where
    F: FnOnce(Lifeline) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    MemberFn { name: name.into(), function }
}

/// The member that [`member_fn`] makes.
pub struct MemberFn<F> {
    name: Cow<'static, str>,
    function: F,
}

impl<F, Fut> Member for MemberFn<F>
where
    F: FnOnce(Lifeline) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    fn run(self, lifeline: Lifeline) -> impl Future<Output = Result<(), BoxError>> + Send {
        (self.function)(lifeline)
    }
}

impl<F> fmt::Debug for MemberFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberFn").field("name", &self.name).finish_non_exhaustive()
    }
}
