use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use towerkit_endpoint::BoxError;
use towerkit_lifecycle::{Lifeline, Member};

use super::worker::Worker;
use super::{Erased, ExportEvent, Queue, Stats};

/// Carries ended spans to where they are kept: a [`Member`] of the group, made with the [`Tracer`](crate::Tracer).
///
/// It is added first, so that it stops last and takes the spans of the drain along. At the stop it sends what waits, for as long as
/// the group gives it. Without a group [`spawn`](Member::spawn) runs it, and [`stop`](towerkit_lifecycle::Running::stop) sends what
/// waits within a time. What has become of the spans is known while it runs and afterwards, by the [tracer](crate::Tracer::stats). Until it runs
/// spans wait; where it never does, or is dropped, they are lost, and counted.
///
/// Each exporter has a queue and a task's share of its own, so that one that hangs holds up no other, and none holds up a request: a
/// span that finds its queue full is lost, and counted.
///
/// ```
/// use std::time::Duration;
/// use towerkit_lifecycle::Group;
/// use towerkit_tracing::Tracer;
/// # use opentelemetry_sdk::{error::OTelSdkResult, trace::{SpanData, SpanExporter}};
/// # #[derive(Debug)]
/// # struct Kept;
/// # impl SpanExporter for Kept {
/// #     async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult { Ok(()) }
/// # }
///
/// let (tracer, exporter) = Tracer::builder("addsvc").export(Kept).build();
/// let exporter = exporter.interval(Duration::from_secs(2)).on_event(|event| eprintln!("{event}"));
/// let group = Group::new().with(exporter);
/// # let _ = group;
/// # drop(tracer);
/// ```
pub struct Exporter {
    ways: Vec<(Arc<Queue>, Erased)>,
    settings: Settings,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) tries: u32,
    pub(super) listener: Option<Listener>,
}

type Listener = Arc<dyn Fn(&ExportEvent<'_>) + Send + Sync>;

impl Exporter {
    pub(crate) const BATCH: usize = 512;
    pub(crate) const QUEUE: usize = 4096;

    pub(crate) fn new(ways: Vec<(Arc<Queue>, Erased)>) -> Self {
        let interval = Duration::from_secs(1);
        let settings = Settings { interval, timeout: Duration::from_secs(15), tries: 1, listener: None };
        Self { ways, settings }
    }

    /// Sets how many spans are sent at once at most. By default 512.
    #[must_use]
    pub fn batch(self, spans: usize) -> Self {
        self.ways.iter().for_each(|(queue, _)| queue.set_batch(spans));
        self
    }

    /// Sets the time between two batches that are not full: for so long a span waits for its batch to fill. By default 1 s.
    #[must_use]
    pub const fn interval(mut self, time: Duration) -> Self {
        self.settings.interval = time;
        self
    }

    /// Sets how many spans may wait for each exporter, those under way counted. By default 4096; some 500 bytes each, and what
    /// they hold.
    #[must_use]
    pub fn queue(self, spans: usize) -> Self {
        self.ways.iter().for_each(|(queue, _)| queue.set_capacity(spans));
        self
    }

    /// Sets how long one try to send a batch may take. By default 15 s: exporters have limits of their own, mostly of 10 s, and know better
    /// what went wrong.
    #[must_use]
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.settings.timeout = time;
        self
    }

    /// Sets how often a batch is tried in all, with a wait of 100 ms after the first try, and twice as long after each further one up to
    /// 5 s. By default once: to try again is the exporter's part, and `Zipkin` and `Otlp` do. Each try but the last copies the batch.
    #[must_use]
    pub const fn tries(mut self, tries: u32) -> Self {
        self.settings.tries = tries;
        self
    }

    /// Tells of each batch that was sent, that failed, and of what is lost, in the exporter's task: for a log. The function must not block.
    #[must_use]
    pub fn on_event(mut self, tell: impl Fn(&ExportEvent<'_>) + Send + Sync + 'static) -> Self {
        self.settings.listener = Some(Arc::new(tell));
        self
    }

    /// What has become of the spans so far, over all exporters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.ways.iter().fold(Stats::default(), |all, (queue, _)| all.and(queue.stats()))
    }
}

impl Member for Exporter {
    fn name(&self) -> Cow<'static, str> {
        "traces".into()
    }

    async fn run(mut self, lifeline: Lifeline) -> Result<(), BoxError> {
        lifeline.ready();
        let (ways, settings) = (std::mem::take(&mut self.ways), self.settings.clone());
        let mut running: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = ways
            .into_iter()
            .map(|(queue, exporter)| Worker::new(queue, exporter, settings.clone(), lifeline.clone()))
            .map(|worker| Box::pin(worker.run()) as _)
            .collect();
        poll_fn(|cx| {
            running.retain_mut(|worker| worker.as_mut().poll(cx).is_pending());
            if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        lifeline.stopping().await;
        Ok(())
    }
}

/// Nobody sends what waits.
impl Drop for Exporter {
    fn drop(&mut self) {
        self.ways.iter().for_each(|(queue, _)| queue.close());
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("exporters", &self.ways)
            .field("interval", &self.settings.interval)
            .field("timeout", &self.settings.timeout)
            .field("tries", &self.settings.tries)
            .finish_non_exhaustive()
    }
}
