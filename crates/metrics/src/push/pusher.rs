use std::borrow::Cow;
use std::fmt;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::flush::Flush;
use super::sink::AnySink;
use super::{Encode, PushEvent, Sink, Stats, Store};

/// Flushes a [`Store`] to a backend: at an interval, and at the stop.
///
/// It is a [`Member`] of a run group. Added first, it stops last, and sends what the others measured until then, for as long as the
/// group gives it. Without a group [`spawn`](Member::spawn) runs it, and [`stop`](towerkit_lifecycle::Running::stop) flushes for the last
/// time within a time. What was sent and lost is known while it runs and afterwards, by the [store](Store::stats). Until it runs nothing
/// is taken from the store; where it never does, or is dropped, nothing is sent, nor counted.
///
/// A backend that is down, slow or away costs nobody but this task any time. While it can't be reached nothing is taken from the
/// store, and what is certain not to have arrived goes back to it, as far as that can be done: counters. After
/// [`hold`](Self::hold) that ends, and what would have been sent is counted as [lost](Self::stats).
pub struct Pusher {
    flush: Flush,
    interval: Duration,
    shortest: Duration,
    hold: Option<Duration>,
}

/// What a timer can wait for, and more than anybody does.
pub(crate) const LONGEST_INTERVAL: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

impl Pusher {
    /// Of a store, in the words of a backend, over a sink. The name is that of the backend, for logs.
    pub fn new(name: &'static str, store: Store, encode: impl Encode, sink: impl Sink) -> Self {
        let (encode, sink): (Box<dyn Encode>, Box<dyn AnySink>) = (Box::new(encode), Box::new(sink));
        let shortest = encode.shortest_interval().clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        let interval = Duration::from_secs(10).max(shortest);
        Self { flush: Flush::new(name, store, encode, sink), interval, shortest, hold: None }
    }

    /// How often it flushes, in place of 10 s. Less than a millisecond is one, or less than [what the backend
    /// bears](Encode::shortest_interval) is that; more than a year is one.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.clamp(self.shortest, LONGEST_INTERVAL);
        self
    }

    /// How long it may take to connect, and to send one payload, in place of 5 s. What takes longer counts as lost.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.flush.timeout = timeout;
        self
    }

    /// For how long what can't be delivered is held back instead of lost, in place of six intervals, or a minute where that is
    /// more. Zero holds nothing.
    ///
    /// What is held arrives at once, as the growth of a single flush: the sums are right, and the graph has a step. It takes no
    /// memory.
    #[must_use]
    pub const fn hold(mut self, hold: Duration) -> Self {
        self.hold = Some(hold);
        self
    }

    /// Tells of flushes that fail, of what is lost, and that flushes go well again: for a log. The function must not block.
    #[must_use]
    pub fn on_event(mut self, tell: impl Fn(&PushEvent) + Send + Sync + 'static) -> Self {
        self.flush.listener = Some(Box::new(tell));
        self
    }

    /// The store that it flushes.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.flush.store
    }

    /// What was sent and lost so far, as the [store](Store::stats) says too.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.flush.store.stats()
    }

    /// Flushes now, once: for a program that has a clock of its own. It should do so no more often than
    /// [the backend bears](Encode::shortest_interval).
    pub async fn flush(&mut self) {
        self.flush.hold = self.holds_for();
        self.flush.once(false, pin!(std::future::pending())).await;
    }

    fn holds_for(&self) -> Duration {
        const AT_LEAST: Duration = Duration::from_secs(60);
        self.hold.unwrap_or_else(|| self.interval.saturating_mul(6).max(AT_LEAST))
    }

    async fn drive(mut self, lifeline: Lifeline) {
        self.flush.hold = self.holds_for();
        lifeline.ready();
        let mut ticks = interval_at(Instant::now() + self.interval, self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = lifeline.stopping() => break,
                _ = ticks.tick() => self.flush.once(false, pin!(over(&lifeline))).await,
            }
        }
        self.flush.once(true, pin!(over(&lifeline))).await;
    }
}

/// How long a stop may take that has no limit.
const STOP: Duration = Duration::from_secs(5);

/// Until there is just time to count what is not sent.
async fn over(lifeline: &Lifeline) {
    lifeline.stopping().await;
    let now = Instant::now();
    let left = lifeline.stop_by().map_or(STOP, |by| by.saturating_duration_since(now)).min(LONGEST_INTERVAL);
    sleep_until(now + left - (left / 5).min(Duration::from_millis(100))).await;
}

impl Member for Pusher {
    fn name(&self) -> Cow<'static, str> {
        format!("{} at {}", self.flush.name, self.flush.sink.target()).into()
    }

    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        self.drive(lifeline).await;
        Ok(())
    }
}

impl fmt::Debug for Pusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").field("name", &self.name()).field("interval", &self.interval).finish_non_exhaustive()
    }
}
