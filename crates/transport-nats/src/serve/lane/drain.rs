//! How a lane stops without losing a message.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use async_nats::Message;
use async_nats::connection::State;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Lane, connects};

impl<F, Fut> Lane<F, Fut>
where
    F: Fn(Message, bool) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    /// Ends the subscription so that no message is lost that NATS has given to this subscriber.
    ///
    /// async-nats forgets a subscription as soon as it has asked the server to end it, with what is on its way then. So the server is asked to end it after so
    /// many more messages as can't be on their way all at once, and they are answered as ever. Where few come, the number is made smaller; and
    /// when there is silence, the subscription is ended at once.
    pub(super) async fn unsubscribe(&mut self, by: Instant) {
        const SILENCE: Duration = Duration::from_millis(100);
        self.draining = true;
        if self.client.connection_state() != State::Connected {
            return;
        }
        let now = Instant::now();
        let latest = now + (by.saturating_duration_since(now) / 2).min(Duration::from_secs(2));
        // The server counts anew after a reconnect, and async-nats does not: a number would mean something else to each.
        if self.received == 0 || connects(&self.client) == self.connects {
            // What is buffered was counted by async-nats, and is counted here when it is read.
            self.serve_until(tokio::task::yield_now()).await;
            while self.behind && Instant::now() < latest {
                self.serve_until(tokio::task::yield_now()).await;
            }
            let mut last = u64::MAX;
            let mut ahead = 1024;
            while !self.ended && Instant::now() < latest {
                let before = self.received;
                if before + ahead < last {
                    last = before + ahead;
                    if !done_by(latest, self.subscriber.unsubscribe_after(last)).await {
                        break;
                    }
                }
                self.serve_until(sleep_until(latest.min(Instant::now() + SILENCE))).await;
                // As many as have come while one was to go to the server and back some hundred times.
                ahead = (self.received - before).max(16);
                if self.received == before {
                    break;
                }
            }
        }
        if !self.ended && done_by(latest + SILENCE, self.subscriber.drain()).await {
            let ended = self.serve_until_ended();
            let _ = timeout_at(by.min(Instant::now() + Duration::from_secs(1)), ended).await;
        }
    }

    /// Serves until no more messages come.
    async fn serve_until_ended(&mut self) {
        poll_fn(|cx| {
            let done = self.poll(cx);
            if self.ended { Poll::Ready(()) } else { done }
        })
        .await;
    }

    /// How many have not ended.
    pub(super) fn left(&mut self) -> usize {
        let mut left = self.waiting.len() + usize::from(self.slot.is_some()) + self.backlog.len();
        while let Some(Some(_)) = self.subscriber.next().now_or_never() {
            left += 1;
        }
        left
    }
}

/// Whether a command was taken in time: it is not where the connection has broken, and others wait for it already.
async fn done_by<E>(by: Instant, command: impl Future<Output = Result<(), E>>) -> bool {
    timeout_at(by, command).await.is_ok_and(|taken| taken.is_ok())
}
