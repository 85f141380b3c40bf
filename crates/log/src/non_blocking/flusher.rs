use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::queue::Queue;
use crate::Stats;

/// Sees to it that lines that wait in a [`NonBlocking`](super::NonBlocking) are written before the program ends.
///
/// It is a [`Member`] of a run group. Added first, it stops last: it waits until all is written that the others logged until then, for as
/// long as the group gives it. What is not written by then is lost, and counted; lines that come later are written too, as long as the program
/// runs. Without a group [`spawn`](Member::spawn) runs it, and [`stop`](towerkit_lifecycle::Running::stop) waits within a time. What was written
/// and lost is known while it runs and afterwards, by the [logger](crate::Logger::stats).
///
/// Lines are written whether or not it runs, since a thread does that. So it also serves a program without a runtime: where it never runs and is
/// dropped, it waits, and blocks its thread, for a second at most. It is kept in `main` then: `let (writer, _flusher) = ...`.
pub struct Flusher {
    queue: Arc<Queue>,
}

/// How long a stop may take that has no limit of its own.
const STOP: Duration = Duration::from_secs(5);
const DROP: Duration = Duration::from_secs(1);

impl Flusher {
    pub(super) const fn new(queue: Arc<Queue>) -> Self {
        Self { queue }
    }

    /// Waits until all that was written up to now is out, for so long at most. Whether it is. It blocks its thread.
    #[expect(clippy::must_use_candidate, reason = "some want it out, and no more")]
    pub fn flush_within(&self, time: Duration) -> bool {
        self.queue.wait_out(time)
    }

    /// What has become of the lines so far, as the [logger](crate::Logger::stats) says too.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.queue.stats()
    }

    async fn flush_until(&self, deadline: Instant) -> bool {
        let lines = self.queue.hurry();
        loop {
            let mut written = std::pin::pin!(self.queue.notify_written.notified());
            written.as_mut().enable(); // before the look: no batch falls between the two
            if self.queue.is_out(lines) {
                return true;
            }
            if timeout_at(deadline, written).await.is_err() {
                return self.queue.is_out(lines);
            }
        }
    }
}

impl Member for Flusher {
    fn name(&self) -> Cow<'static, str> {
        "log".into()
    }

    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        lifeline.ready();
        lifeline.stopping().await;
        // Something is left of the time to end in good order.
        let by = lifeline.stop_by().unwrap_or_else(|| Instant::now() + STOP);
        let time = by.saturating_duration_since(Instant::now());
        if !self.flush_until(Instant::now() + time.mul_f32(0.9)).await {
            self.queue.give_up();
        }
        Ok(())
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        if !self.queue.has_given_up() {
            self.queue.wait_out(DROP);
        }
    }
}

impl fmt::Debug for Flusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flusher").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
