use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// Waits for a deadline that may move. The timer is made at the first wait: what is there at once never needs one.
#[derive(Default)]
pub(crate) struct Until(Option<Pin<Box<Sleep>>>);

impl Until {
    /// Ready once the deadline has passed; never without one.
    pub(crate) fn poll(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}
