use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::trace::SpanData;
use towerkit_endpoint::{Context, SpanId, TraceContext, TraceId};

use crate::export::Queue;
use crate::span::{Begin, Clock, Parent};
use crate::{AttemptsLayer, CallsLayer, Limits, Propagation, RequestsLayer, Sampler, Span, Stats, TracerBuilder};

/// Makes spans, and the layers that do: an explicit handle, and cheap to clone.
///
/// It comes with an [`Exporter`](crate::Exporter), which carries the spans away. Clones are the same tracer.
///
/// ```
/// use towerkit_tracing::Tracer;
///
/// let tracer = Tracer::off(); // in a test, or where nobody asked for traces
/// let span = tracer.span("compaction");
/// assert!(!span.is_recording());
/// ```
#[derive(Clone)]
pub struct Tracer(Option<Arc<Core>>);

/// What layers and spans share.
pub(crate) struct Core {
    pub(crate) queues: Vec<Arc<Queue>>,
    pub(crate) sampler: Sampler,
    pub(crate) limits: Limits,
    pub(crate) reads: Vec<Propagation>,
    pub(crate) writes: Vec<Propagation>,
    pub(crate) baggage: Arc<[Box<str>]>,
    pub(crate) baggage_attributes: bool,
    pub(crate) scope: InstrumentationScope,
    pub(crate) ids: Ids,
}

impl Tracer {
    /// A tracer of a service, by its name: the resource attribute `service.name`.
    pub fn builder(service: impl Into<String>) -> TracerBuilder {
        TracerBuilder::new(service.into())
    }

    /// A tracer that does nothing: its layers leave requests as they are, and so the trace that came with one goes on.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    pub(crate) fn new(core: Core) -> Self {
        Self(Some(Arc::new(core)))
    }

    pub(crate) const fn core(&self) -> Option<&Arc<Core>> {
        self.0.as_ref()
    }

    /// The layer of a server's endpoint.
    pub fn requests(&self, operation: impl Into<Arc<str>>) -> RequestsLayer {
        RequestsLayer::new(self.clone(), operation.into())
    }

    /// The layer of a client's endpoint, outside of its retry.
    pub fn calls(&self, operation: impl Into<Arc<str>>) -> CallsLayer {
        CallsLayer::new(self.clone(), operation.into())
    }

    /// The layer inside of a client's retry: it tells of each attempt.
    pub fn attempts(&self) -> AttemptsLayer {
        AttemptsLayer::new(self.clone())
    }

    /// A span that begins a trace: a job, a message from a queue. It ends when it is dropped.
    #[must_use]
    pub fn span(&self, name: impl Into<Cow<'static, str>>) -> Span {
        self.begin(name.into(), None, None)
    }

    /// A span below the one that is under way in a context, or else one that begins a trace.
    ///
    /// Inside of a request [`Span::of`] the context and its [`child`](Span::child) do the same with less; this one also knows the parent in an
    /// [`outgoing`](Context::outgoing) context.
    #[must_use]
    pub fn span_in(&self, context: &Context, name: impl Into<Cow<'static, str>>) -> Span {
        self.begin(name.into(), context.trace(), Span::of(context).clock())
    }

    fn begin(&self, name: Cow<'static, str>, parent: Option<TraceContext>, clock: Option<Clock>) -> Span {
        let Some(core) = self.core() else { return parent.map_or_else(Span::none, Span::unrecorded) };
        let trace = core.below(parent, &core.sampler);
        let parent = parent.map(|parent| Parent { span_id: parent.span_id(), remote: false });
        core.begin(trace, || Begin { parent, clock, ..Begin::new(name, SpanKind::Internal) })
    }

    /// What has become of the spans so far, over all exporters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let queues = self.core().map(|core| core.queues.as_slice()).unwrap_or_default();
        queues.iter().fold(Stats::default(), |all, queue| all.and(queue.stats()))
    }

    /// Has the spans that have ended by now sent at once, and waits for that. False where it takes longer than `within`, as it does while
    /// the exporter does not run.
    pub async fn flush(&self, within: Duration) -> bool {
        let all = async {
            for queue in self.core().map(|core| core.queues.as_slice()).unwrap_or_default() {
                queue.flush().await;
            }
        };
        tokio::time::timeout(within, all).await.is_ok()
    }
}

impl Core {
    /// The span that a call gets: of its parent's trace, or of a new one.
    pub(crate) fn below(&self, parent: Option<TraceContext>, sampler: &Sampler) -> TraceContext {
        let (trace, decided) = match parent {
            Some(parent) => (parent.trace_id(), Some(parent.is_sampled())),
            None => (self.ids.trace(), None),
        };
        TraceContext::new(trace, self.ids.span(), sampler.decide(trace, decided))
    }

    /// Whether the spans of a trace are collected.
    pub(crate) const fn records(&self, trace: TraceContext) -> bool {
        trace.is_sampled() && !self.queues.is_empty()
    }

    /// A span that collects what is told it, where its trace is recorded and there is an exporter.
    pub(crate) fn begin(self: &Arc<Self>, trace: TraceContext, begin: impl FnOnce() -> Begin) -> Span {
        if !self.records(trace) {
            return Span::unrecorded(trace);
        }
        Span::begin(Arc::clone(self), trace, begin())
    }

    /// A span has ended.
    pub(crate) fn send(&self, span: SpanData) {
        if let Some((last, others)) = self.queues.split_last() {
            others.iter().for_each(|queue| queue.push(span.clone()));
            last.push(span);
        }
    }
}

/// Makes ids.
pub(crate) struct Ids {
    // Threads are seeded by their time and number, which two processes may share; this is of the system's entropy.
    key: u64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        Self { key: RandomState::new().hash_one(0) }
    }

    pub(crate) fn trace(&self) -> TraceId {
        loop {
            let number = (u128::from(self.next()) << 64) | u128::from(self.next());
            if let Some(id) = TraceId::new(number) {
                return id;
            }
        }
    }

    pub(crate) fn span(&self) -> SpanId {
        loop {
            if let Some(id) = SpanId::new(self.next()) {
                return id;
            }
        }
    }

    fn next(&self) -> u64 {
        fastrand::u64(..) ^ self.key
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.core() {
            Some(core) => f
                .debug_struct("Tracer")
                .field("sampler", &core.sampler)
                .field("reads", &core.reads)
                .field("writes", &core.writes)
                .field("baggage", &core.baggage)
                .field("stats", &self.stats())
                .finish_non_exhaustive(),
            None => f.write_str("Tracer(off)"),
        }
    }
}
