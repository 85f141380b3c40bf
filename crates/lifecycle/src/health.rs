use std::borrow::Cow;
use std::fmt;

use tokio::sync::watch;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, endpoint_fn};

/// Whether a group is ready, and what its members do: for the endpoints that an orchestrator asks.
///
/// Liveness is "this process answers"; readiness is "send calls here". A group is ready from when all its members are up until
/// its stop begins.
///
/// Clones are the same handle; it can be had [before the group runs](crate::Group::health).
#[derive(Clone, Debug)]
pub struct Health {
    state: watch::Receiver<HealthReport>,
}

/// What [`Health`] says at one moment. `Display` is a line for the group and one for each member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthReport {
    pub(crate) ready: bool,
    pub(crate) members: Vec<(Cow<'static, str>, MemberState)>,
}

/// What a member does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberState {
    /// Its turn to start has not come.
    Waiting,
    /// It was started, and is not up yet.
    Starting,
    /// It is up.
    Running,
    /// It was asked to stop.
    Stopping,
    /// It was a job for the start, and is done.
    Done,
    /// It has ended.
    Ended,
}

/// The writing end of [`Health`]. Where it is dropped the group is gone: nothing is ready, and no member runs.
#[derive(Debug, Default)]
pub(crate) struct Board(watch::Sender<HealthReport>);

impl Board {
    pub(crate) fn subscribe(&self) -> watch::Receiver<HealthReport> {
        self.0.subscribe()
    }

    pub(crate) fn add(&self, index: usize, name: Cow<'static, str>) {
        self.0.send_modify(|health| health.members.insert(index, (name, MemberState::Waiting)));
    }

    pub(crate) fn set(&self, index: usize, state: MemberState) {
        self.0.send_modify(|health| health.members[index].1 = state);
    }

    pub(crate) fn set_ready(&self, ready: bool) {
        self.0.send_modify(|health| health.ready = ready);
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.0.send_modify(|health| {
            health.ready = false;
            for (_, state) in &mut health.members {
                if !matches!(state, MemberState::Waiting | MemberState::Done) {
                    *state = MemberState::Ended;
                }
            }
        });
    }
}

impl Health {
    pub(crate) const fn new(state: watch::Receiver<HealthReport>) -> Self {
        Self { state }
    }

    /// Whether calls should be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state.borrow().ready
    }

    /// What all members do at this moment.
    #[must_use]
    pub fn report(&self) -> HealthReport {
        self.state.borrow().clone()
    }

    /// Waits until something has changed since this handle was made or last waited; false where the group is gone, and nothing
    /// will change any more. Waiting may be given up.
    pub async fn changed(&mut self) -> bool {
        self.state.changed().await.is_ok()
    }

    /// Waits until the group is ready, or is not, as asked; false where the group is gone before.
    pub async fn wait_until_ready(&self, ready: bool) -> bool {
        self.state.clone().wait_for(|state| state.ready == ready).await.is_ok()
    }

    /// The endpoint of liveness: it answers as long as the process can.
    #[must_use]
    pub fn livez(&self) -> BoxEndpoint<(), &'static str> {
        endpoint_fn(|()| async { Ok::<_, Error>("ok") }).erased()
    }

    /// The endpoint of readiness: the report where the group is ready, and else `Unavailable`, with the members that are not
    /// up.
    #[must_use]
    pub fn readyz(&self) -> BoxEndpoint<(), HealthReport> {
        let health = self.clone();
        endpoint_fn(move |()| {
            let report = health.report();
            async move { if report.ready { Ok(report) } else { Err(report.not_ready()) } }
        })
        .erased()
    }
}

impl HealthReport {
    /// Whether calls should be sent here.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.ready
    }

    /// Every member by name, in the order they start.
    pub fn members(&self) -> impl Iterator<Item = (&str, MemberState)> {
        self.members.iter().map(|(name, state)| (name.as_ref(), *state))
    }

    fn not_ready(&self) -> Error {
        let down = self.members().filter(|(_, state)| !matches!(state, MemberState::Running | MemberState::Done));
        let down = down.map(|(name, state)| format!("{name} is {state}")).collect::<Vec<_>>().join(", ");
        Error::new(
            Code::Unavailable,
            if down.is_empty() { "not ready".to_owned() } else { format!("not ready: {down}") },
        )
    }
}

impl fmt::Display for HealthReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ready { "ready\n" } else { "not ready\n" })?;
        self.members().try_for_each(|(name, state)| writeln!(f, "{name}: {state}"))
    }
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Done => "done",
            Self::Ended => "ended",
        })
    }
}
