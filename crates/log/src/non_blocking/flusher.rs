use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::queue::Queue;

/// Sees to it that lines that wait in a [`NonBlocking`](super::NonBlocking) are written before the program ends.
///
/// As a [`Member`] it is added first, so that it stops last: it waits until all is written, for as long as its
/// [stop limit](towerkit_lifecycle::Group::stop_limit) allows. What is not written by then is lost, and counted. Lines that a
/// slow writer was given before are counted too, and are taken off the count should it still write them.
///
/// Without a group it waits when it is dropped, for a second at most. It is kept in `main` then: `let (writer, _flusher) = ...`.
///
/// Lines that come later are written too, as long as the program runs.
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

    /// How many lines were lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.queue.lost()
    }

    async fn flush_until(&self, deadline: Instant) -> bool {
        let lines = self.queue.pushed();
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
        f.debug_struct("Flusher").field("lost", &self.lost()).finish_non_exhaustive()
    }
}
