use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::Notify;

/// What has become of the spans that ended, counted once for each exporter.
///
/// At any moment `ended` is the sum of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Spans that ended and were to be exported.
    pub ended: u64,
    /// The exporter says that it has sent them.
    pub sent: u64,
    /// They wait, or are being sent.
    pub waiting: u64,
    /// Lost: so many waited already.
    pub lost_full: u64,
    /// Lost: the exporter failed each time it was tried, or the collector rejected them.
    pub lost_failed: u64,
    /// Lost: there was no time left at the stop, or they ended after it.
    pub lost_stopped: u64,
}

impl Stats {
    /// All that were lost.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost_full + self.lost_failed + self.lost_stopped
    }

    /// The counts of two exporters together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            ended: self.ended + other.ended,
            sent: self.sent + other.sent,
            waiting: self.waiting + other.waiting,
            lost_full: self.lost_full + other.lost_full,
            lost_failed: self.lost_failed + other.lost_failed,
            lost_stopped: self.lost_stopped + other.lost_stopped,
        }
    }
}

/// Between those who end spans and the task of one exporter: bounded, and it never waits.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// For the task: a batch is full, or the first span waits, or a flush is asked for.
    work: Notify,
    /// For who flushes: a batch is settled.
    settled: Notify,
}

struct State {
    /// Full batches, the oldest first, and the one that is being filled: so a batch is taken without moving its spans.
    full: VecDeque<Vec<SpanData>>,
    filling: Vec<SpanData>,
    queued: usize,
    stats: Stats,
    capacity: usize,
    batch: usize,
    flush: bool,
    closed: bool,
}

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Sent,
    Failed,
    Stopped,
}

impl Queue {
    pub(crate) fn new(capacity: usize, batch: usize) -> Self {
        let state = State {
            full: VecDeque::new(),
            filling: Vec::new(),
            queued: 0,
            stats: Stats::default(),
            capacity,
            batch,
            flush: false,
            closed: false,
        };
        Self { state: Mutex::new(state), work: Notify::new(), settled: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of others runs behind the lock, so that what it guards is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_capacity(&self, spans: usize) {
        self.state().capacity = spans.max(1);
    }

    pub(crate) fn set_batch(&self, spans: usize) {
        self.state().batch = spans.max(1);
    }

    pub(crate) fn stats(&self) -> Stats {
        self.state().stats
    }

    /// A span has ended.
    pub(crate) fn push(&self, span: SpanData) {
        let mut state = self.state();
        state.stats.ended += 1;
        if state.closed {
            state.stats.lost_stopped += 1;
            return;
        }
        if state.stats.waiting >= state.capacity as u64 {
            state.stats.lost_full += 1;
            return;
        }
        state.stats.waiting += 1;
        state.queued += 1;
        state.filling.push(span);
        if state.filling.len() >= state.batch {
            let full = mem::take(&mut state.filling);
            state.full.push_back(full);
        }
        // The task sleeps while nothing waits, and then for a while; it need not wake for each.
        let wake = state.queued == 1 || state.queued == state.batch;
        drop(state);
        if wake {
            self.work.notify_one();
        }
    }

    /// Waits until so many are queued, or a flush is asked for.
    pub(crate) async fn filled(&self, spans: usize) {
        loop {
            {
                let state = self.state();
                if state.queued >= spans || (state.flush && state.queued > 0) {
                    return;
                }
            }
            // What comes between the look and the wait leaves a permit.
            self.work.notified().await;
        }
    }

    pub(crate) async fn filled_batch(&self) {
        let batch = self.state().batch;
        self.filled(batch).await;
    }

    /// The next batch. It counts as waiting until it is settled.
    pub(crate) fn take(&self) -> Option<Vec<SpanData>> {
        let mut state = self.state();
        let batch = match state.full.pop_front() {
            Some(full) => full,
            None => mem::take(&mut state.filling),
        };
        state.queued -= batch.len();
        if state.queued == 0 {
            state.flush = false;
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// A batch that was taken has been dealt with.
    pub(crate) fn settle(&self, spans: usize, how: Settled) {
        let mut state = self.state();
        let (stats, spans) = (&mut state.stats, spans as u64);
        stats.waiting -= spans;
        match how {
            Settled::Sent => stats.sent += spans,
            Settled::Failed => stats.lost_failed += spans,
            Settled::Stopped => stats.lost_stopped += spans,
        }
        drop(state);
        self.settled.notify_waiters();
    }

    /// No task takes anything any more: what is queued is lost, and what comes.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let queued = mem::take(&mut state.queued) as u64;
        let dropped = (mem::take(&mut state.full), mem::take(&mut state.filling));
        state.stats.waiting -= queued;
        state.stats.lost_stopped += queued;
        drop(state);
        self.settled.notify_waiters();
        drop(dropped);
    }

    /// Has what waits now sent at once, and waits until it is settled.
    pub(crate) async fn flush(&self) {
        let goal = {
            let mut state = self.state();
            state.flush = state.queued > 0;
            state.stats.waiting + settled(&state.stats)
        };
        self.work.notify_one();
        loop {
            let mut next = pin!(self.settled.notified());
            next.as_mut().enable(); // before the look: nothing falls between the two
            if settled(&self.state().stats) >= goal {
                return;
            }
            next.await;
        }
    }
}

/// Spans that were taken into the queue and have left it.
const fn settled(stats: &Stats) -> u64 {
    stats.ended - stats.lost_full - stats.waiting
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stats().fmt(f)
    }
}
