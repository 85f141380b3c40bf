use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::SpanData;
use tokio::time::{Instant, sleep, timeout};
use towerkit_lifecycle::Lifeline;

use super::member::Settings;
use super::queue::Settled;
use super::{Erased, ExportEvent, Loss, Queue, Unexported};

/// What carries the spans of one queue to one exporter.
pub(super) struct Worker {
    queue: Arc<Queue>,
    exporter: Erased,
    settings: Settings,
    lifeline: Lifeline,
    told_full: u64,
}

/// However the task ends, aborted too, what waits is counted.
impl Drop for Worker {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Spans on their way. Dropped before they are dealt with, they are lost.
struct Batch<'a> {
    queue: &'a Queue,
    spans: usize,
    how: Settled,
}

impl Batch<'_> {
    /// A part of it is dealt with.
    fn part(&mut self, spans: usize, how: Settled) {
        self.spans -= spans;
        self.queue.settle(spans, how);
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.queue.settle(self.spans, self.how);
    }
}

impl Worker {
    pub(super) const fn new(queue: Arc<Queue>, exporter: Erased, settings: Settings, lifeline: Lifeline) -> Self {
        Self { queue, exporter, settings, lifeline, told_full: 0 }
    }

    pub(super) async fn run(mut self) {
        while self.wait().await {
            if let Some(batch) = self.queue.take() {
                self.send(batch).await;
            }
            self.tell_full();
        }
        while let Some(batch) = self.queue.take() {
            // The little time that is left is for the end, and not for more tries.
            if !self.send(batch).await {
                break;
            }
        }
        let waiting = self.queue.stats().waiting;
        self.queue.close();
        if waiting > 0 {
            self.tell_lost(waiting, Loss::Stopped);
        }
        self.tell_full();
        // What an exporter says at its end changes nothing any more.
        let _ = self.exporter.shutdown(self.left().unwrap_or_default());
    }

    /// Until there is a batch, or its time is over. False once the member is to stop.
    async fn wait(&self) -> bool {
        let due = async {
            self.queue.filled(1).await;
            tokio::select! {
                () = self.queue.filled_batch() => {}
                () = sleep(self.settings.interval) => {}
            }
        };
        tokio::select! {
            biased;
            () = self.lifeline.stopping() => false,
            () = due => true,
        }
    }

    /// False where there was no time left for it.
    async fn send(&self, spans: Vec<SpanData>) -> bool {
        // It counts in its drop: if this future is dropped, too.
        let mut batch = Batch { queue: &self.queue, spans: spans.len(), how: Settled::Stopped };
        let mut spans = Some(spans);
        for tried in 1..=self.settings.tries.max(1) {
            let last = tried >= self.settings.tries;
            let Some(attempt) = (if last { spans.take() } else { spans.clone() }) else { break };
            let error = match self.attempt(attempt).await {
                Some(Ok(())) => {
                    batch.how = Settled::Sent;
                    self.tell(&ExportEvent::Sent { exporter: self.exporter.name(), spans: batch.spans });
                    return true;
                }
                // The rest has arrived, and would arrive twice.
                Some(Err(Unexported { error, rejected: Some(rejected) })) => {
                    let arrived = batch.spans.saturating_sub(rejected);
                    batch.part(arrived, Settled::Sent);
                    batch.how = Settled::Failed;
                    if arrived > 0 {
                        self.tell(&ExportEvent::Sent { exporter: self.exporter.name(), spans: arrived });
                    }
                    self.tell_lost(batch.spans as u64, Loss::Failed(&error));
                    return true;
                }
                Some(Err(unexported)) => unexported.error,
                None => break,
            };
            if last {
                batch.how = Settled::Failed;
                self.tell_lost(batch.spans as u64, Loss::Failed(&error));
                return true;
            }
            let after = backoff(tried);
            let exporter = self.exporter.name();
            self.tell(&ExportEvent::Retrying { exporter, spans: batch.spans, error: &error, after });
            if self.in_time(sleep(after)).await.is_none() {
                break;
            }
        }
        self.tell_lost(batch.spans as u64, Loss::Stopped);
        false
    }

    /// None where there is no time left.
    async fn attempt(&self, spans: Vec<SpanData>) -> Option<Result<(), Unexported>> {
        let limit = self.settings.timeout;
        let export = timeout(limit, self.exporter.export(spans));
        Some(self.in_time(export).await?.unwrap_or(Err(OTelSdkError::Timeout(limit).into())))
    }

    /// Cuts a future off when the stop must be over.
    async fn in_time<F: Future>(&self, future: F) -> Option<F::Output> {
        let over = async {
            self.lifeline.stopping().await;
            // None where the group is gone without a word: there is no time.
            if let Some(left) = self.left() {
                sleep(left).await;
            }
        };
        tokio::select! {
            biased;
            output = future => Some(output),
            () = over => None,
        }
    }

    /// How long the stop may still take. Some of it is kept, to end in good order.
    fn left(&self) -> Option<Duration> {
        let left = self.lifeline.stop_by()?.saturating_duration_since(Instant::now());
        Some(left.saturating_sub((left / 10).min(Duration::from_millis(50))))
    }

    fn tell_full(&mut self) {
        let full = self.queue.stats().lost_full;
        if full > self.told_full {
            self.tell_lost(full - self.told_full, Loss::Full);
            self.told_full = full;
        }
    }

    fn tell_lost(&self, spans: u64, why: Loss<'_>) {
        self.tell(&ExportEvent::Lost { exporter: self.exporter.name(), spans, why });
    }

    fn tell(&self, event: &ExportEvent<'_>) {
        if let Some(listener) = &self.settings.listener {
            listener(event);
        }
    }
}

/// 100 ms, 200 ms, 400 ms and so on to 5 s, each between a half and the whole of it.
fn backoff(tried: u32) -> Duration {
    let whole = Duration::from_millis(100 << tried.saturating_sub(1).min(6)).min(Duration::from_secs(5));
    whole.mul_f64(fastrand::f64().mul_add(0.5, 0.5))
}
