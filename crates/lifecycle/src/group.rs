use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use towerkit_endpoint::BoxError;

use crate::health::Board;
use crate::run::run;
use crate::{GroupError, GroupEvent, GroupReport, Health, Lifeline, Member};

/// Members that start in order and stop in reverse. See the [crate's page](crate) for the order and an example.
pub struct Group {
    pub(crate) members: Vec<Entry>,
    /// How many of them, the first, surround the others.
    surrounding: usize,
    pub(crate) start_timeout: Duration,
    pub(crate) stop_timeout: Duration,
    pub(crate) on_event: Box<OnEvent>,
    pub(crate) health: Board,
}

pub(crate) struct Entry {
    pub(crate) name: Cow<'static, str>,
    /// None for the group's own.
    pub(crate) stop_timeout: Option<Duration>,
    pub(crate) start: Box<Start>,
}

type Start = dyn FnOnce(Lifeline) -> Running + Send;
type Running = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
type OnEvent = dyn FnMut(&GroupEvent<'_>) + Send;

impl Group {
    /// How long a member may take to be ready, unless [said otherwise](Self::start_timeout): 30 s.
    pub const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(30);
    /// How long a member may take to stop, unless [said otherwise](Self::stop_timeout): 10 s.
    pub const DEFAULT_STOP_TIMEOUT: Duration = Duration::from_secs(10);

    /// Without members.
    #[must_use]
    pub fn new() -> Self {
        Self {
            members: Vec::new(),
            surrounding: 0,
            start_timeout: Self::DEFAULT_START_TIMEOUT,
            stop_timeout: Self::DEFAULT_STOP_TIMEOUT,
            on_event: Box::new(|_| {}),
            health: Board::default(),
        }
    }

    /// Adds a member: started last so far, stopped first; unless it [surrounds](Member::surrounds) the others.
    #[must_use]
    pub fn with(self, member: impl Member) -> Self {
        self.add(member, None)
    }

    /// Adds as many members as there are, in their order: those of a list, or one that there may be.
    ///
    /// ```
    /// use towerkit_lifecycle::{Group, Linger};
    ///
    /// let linger = Some(Linger::new(std::time::Duration::from_secs(2)));
    /// let group = Group::new().with_all(linger);
    /// # let _ = group;
    /// ```
    #[must_use]
    pub fn with_all<M: Member>(self, members: impl IntoIterator<Item = M>) -> Self {
        members.into_iter().fold(self, Self::with)
    }

    /// Adds a member with a stop timeout of its own. It goes before the one that the [member knows](Member::stop_timeout).
    #[must_use]
    pub fn with_stop_timeout(self, member: impl Member, stop_timeout: Duration) -> Self {
        self.add(member, Some(stop_timeout))
    }

    /// How long a member may take to be ready.
    #[must_use]
    pub const fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// How long each member may take to stop, where it has no limit of its own. As they stop one after the other, the whole stop
    /// may take the sum of their limits, and whoever kills the process must wait for longer than that.
    #[must_use]
    pub const fn stop_timeout(mut self, limit: Duration) -> Self {
        self.stop_timeout = limit;
        self
    }

    /// Tells of what happens, as it happens. The function must not block.
    #[must_use]
    pub fn on_event(mut self, tell: impl FnMut(&GroupEvent<'_>) + Send + 'static) -> Self {
        self.on_event = Box::new(tell);
        self
    }

    /// A handle to whether the group is ready. It may be taken before all members are there.
    #[must_use]
    pub fn health(&self) -> Health {
        Health::new(self.health.subscribe())
    }

    /// Starts the members, waits for the stop, stops them, and reports. Dropping the future aborts all members.
    /// It must be polled within a tokio runtime with its timer; [`Signals`](crate::Signals) and servers need its I/O as well.
    ///
    /// # Errors
    ///
    /// Where a member failed, panicked, was not ready in time, or did not stop in time. The error holds the whole report.
    pub async fn run(self) -> Result<GroupReport, GroupError> {
        run(self).await
    }

    fn add<M: Member>(mut self, member: M, stop_timeout: Option<Duration>) -> Self {
        let name = member.name();
        let stop_timeout = stop_timeout.or_else(|| member.stop_timeout());
        let index = if member.surrounds() { self.surrounding } else { self.members.len() };
        self.surrounding += usize::from(member.surrounds());
        self.health.add(index, name.clone());
        let start = Box::new(|lifeline| -> Running { Box::pin(member.run(lifeline)) });
        self.members.insert(index, Entry { name, stop_timeout, start });
        self
    }
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("members", &self.members.iter().map(|member| &member.name).collect::<Vec<_>>())
            .field("start_timeout", &self.start_timeout)
            .field("stop_timeout", &self.stop_timeout)
            .finish_non_exhaustive()
    }
}
