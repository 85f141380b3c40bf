use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::time::Duration;
use std::sync::Arc;

use super::state::{Counts, Reply, Script, State};
use crate::wait;

/// The test's end of a [`Probe`](super::Probe): it writes the script and reads the counters.
///
/// Clones are handles of the same probe.
#[derive(Clone)]
pub struct ProbeHandle {
    state: Arc<State>,
}

impl ProbeHandle {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state.counts()
    }

    // Readiness.

    /// From now on instances become ready when polled. Those that wait are woken. This is the initial state.
    pub fn ready(&self) {
        self.state.set_readiness(Script::Ready);
    }

    /// From now on instances that are not ready yet stay so, and keep the waker of whoever polls them.
    pub fn pending(&self) {
        self.state.set_readiness(Script::Pending);
    }

    /// From now on `poll_ready` fails on instances that are not ready yet. Those that wait are woken.
    pub fn fail_readiness(&self) {
        self.state.set_readiness(Script::Failing);
    }

    // Replies. They are drawn in the order in which calls start.

    /// Calls that `script` says nothing about are answered. This is the initial state.
    pub fn answer(&self) {
        self.state.set_default(Reply::Answer);
    }

    /// Calls that `script` says nothing about fail.
    pub fn fail(&self) {
        self.state.set_default(Reply::Fail);
    }

    /// Calls that `script` says nothing about are held until [`release`](Self::release).
    pub fn hold(&self) {
        self.state.set_default(Reply::Hold);
    }

    /// The replies to the next calls, one each; it replaces what is left of an earlier script.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.script(replies);
    }

    /// Lets all calls go that are held at this moment. Those that start later are held again.
    pub fn release(&self) {
        self.state.release();
    }

    /// Waits until `condition` holds of the counters, and returns them.
    ///
    /// Panics with the counters if it does not hold within `within`, on tokio's clock.
    #[track_caller]
    pub fn wait_for(&self, condition: impl Fn(&Counts) -> bool, within: Duration) -> impl Future<Output = Counts> {
        let at = Location::caller();
        let state = Arc::clone(&self.state);
        async move {
            let look = || Some(state.counts()).filter(&condition);
            match wait::until_seen(&state.changed, within, look).await {
                Some(counts) => counts,
                None => wait::failed(at, within, &state.counts()),
            }
        }
    }
}

impl fmt::Debug for ProbeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeHandle").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
