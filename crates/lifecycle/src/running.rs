use std::borrow::Cow;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout};
use towerkit_endpoint::BoxError;

use crate::run::{ABORT_LIMIT, ending};
use crate::{Group, Lifeline, Member, MemberEnding, MemberReport, Stopper};

/// A member that runs in a task of its own, without a group: [`Member::spawn`] makes it.
///
/// Dropped, it asks the member to stop within [`Group::DEFAULT_STOP_TIMEOUT`], and waits for nothing: the member ends in good order, if the
/// runtime lives so long. [`stop`](Self::stop) waits for that.
#[derive(Debug)]
#[must_use = "dropped, the member stops"]
pub struct Running {
    name: Cow<'static, str>,
    stopper: Stopper,
    task: JoinHandle<Result<(), BoxError>>,
}

impl Running {
    pub(crate) fn start(member: impl Member) -> Self {
        let name = member.name();
        let (lifeline, stopper) = Lifeline::detached();
        // Called within the task, so that what the member does before its first await is its own too.
        let task = tokio::spawn(async move { member.run(lifeline).await });
        Self { name, stopper, task }
    }

    /// Asks the member to stop, waits for so long at most until it has, and says how it ended. What has not stopped by then is aborted, and
    /// [overdue](MemberEnding::Overdue).
    pub async fn stop(mut self, within: Duration) -> MemberReport {
        let asked = (!self.task.is_finished()).then(Instant::now);
        self.stopper.stop(within);
        let mut left_behind = false;
        let ending = match timeout(within, &mut self.task).await {
            Ok(joined) => ending(joined, asked.is_some()),
            Err(_) => {
                self.task.abort();
                match timeout(ABORT_LIMIT, &mut self.task).await {
                    // It ended between its limit and the abort, and that is how it ended.
                    Ok(joined) if !joined.as_ref().is_err_and(JoinError::is_cancelled) => ending(joined, true),
                    aborted => {
                        left_behind = aborted.is_err();
                        MemberEnding::Overdue { limit: within }
                    }
                }
            }
        };
        let stop_took = asked.map(|asked| asked.elapsed());
        MemberReport { name: self.name.clone(), ending, stop_took, left_behind }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that was stopped with less time keeps to that.
        if !self.task.is_finished() && !self.stopper.is_stopping() {
            self.stopper.stop(Group::DEFAULT_STOP_TIMEOUT);
        }
    }
}
