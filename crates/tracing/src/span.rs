use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use opentelemetry::trace::{Event, Link, SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use towerkit_endpoint::{Context, Report, SpanId, TraceContext};

use crate::tracer::Core;

/// A part of a trace: what is done between its begin and its end.
///
/// A request that is recorded has its span in the context. One that is not has none, and everything here costs next to nothing then.
///
/// ```
/// use towerkit_endpoint::{Error, Request, service_fn};
/// use towerkit_tracing::Span;
///
/// let handler = service_fn(|request: Request<u64>| async move {
///     let span = Span::of(request.context());
///     span.set_attribute("shop.item", request.message().to_string());
///     let query = span.child("query");
///     // ... ask the database ...
///     query.add_event("row found", []);
///     drop(query); // here it ends
///     Ok::<_, Error>(7)
/// });
/// # let _ = handler;
/// ```
///
/// Clones are the same span. It ends with the last of them, or at [`end`](Self::end); what is told it afterwards is not heard.
#[derive(Clone, Default)]
pub struct Span {
    trace: Option<TraceContext>,
    live: Option<Arc<Live>>,
}

/// A span that collects.
struct Live {
    core: Arc<Core>,
    clock: Clock,
    /// None once it has ended.
    data: Mutex<Option<SpanData>>,
    attempts: AtomicU32,
}

/// A span that begins.
pub(crate) struct Begin {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: SpanKind,
    pub(crate) parent: Option<Parent>,
    pub(crate) link: Option<TraceContext>,
    pub(crate) state: TraceState,
    /// The parent's, where it is in this process: then their times agree.
    pub(crate) clock: Option<Clock>,
    pub(crate) attributes: Vec<KeyValue>,
}

impl Begin {
    pub(crate) const fn new(name: Cow<'static, str>, kind: SpanKind) -> Self {
        Self { name, kind, parent: None, link: None, state: TraceState::NONE, clock: None, attributes: Vec::new() }
    }
}

/// Where a span hangs.
#[derive(Clone, Copy)]
pub(crate) struct Parent {
    pub(crate) span_id: SpanId,
    pub(crate) remote: bool,
}

/// The time of day, which never goes back.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    day: SystemTime,
    since: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { day: SystemTime::now(), since: Instant::now() }
    }

    fn now(&self) -> SystemTime {
        self.day + self.since.elapsed()
    }
}

impl Span {
    /// A span that is none.
    #[must_use]
    pub const fn none() -> Self {
        Self { trace: None, live: None }
    }

    /// The span that is under way in a context; where it is not recorded, one that keeps nothing.
    #[must_use]
    pub fn of(context: &Context) -> Self {
        match context.get::<Self>() {
            Some(span) if span.trace == context.trace() => span.clone(),
            _ => Self { trace: context.trace(), live: None },
        }
    }

    pub(crate) const fn unrecorded(trace: TraceContext) -> Self {
        Self { trace: Some(trace), live: None }
    }

    pub(crate) fn begin(core: Arc<Core>, trace: TraceContext, begin: Begin) -> Self {
        let Begin { name, kind, parent, link, state, clock, mut attributes } = begin;
        let dropped = attributes.len().saturating_sub(core.limits.attributes);
        attributes.truncate(core.limits.attributes);
        let (clock, start_time) = match clock {
            Some(clock) => (clock, clock.now()),
            None => {
                let clock = Clock::new();
                (clock, clock.day)
            }
        };
        let mut links = SpanLinks::default();
        links.links.extend(link.map(|link| Link::with_context(foreign(link))));
        let data = SpanData {
            span_context: span_context(trace, false, state),
            parent_span_id: parent.map_or(opentelemetry::SpanId::INVALID, |parent| otel_id(parent.span_id)),
            parent_span_is_remote: parent.is_some_and(|parent| parent.remote),
            span_kind: kind,
            name,
            start_time,
            end_time: start_time,
            attributes,
            dropped_attributes_count: u32::try_from(dropped).unwrap_or(u32::MAX),
            events: SpanEvents::default(),
            links,
            status: Status::Unset,
            instrumentation_scope: core.scope.clone(),
        };
        let live = Live { core, clock, data: Mutex::new(Some(data)), attempts: AtomicU32::new(0) };
        Self { trace: Some(trace), live: Some(Arc::new(live)) }
    }

    /// Which trace it is of, and which span; none for [`none`](Self::none).
    #[must_use]
    pub const fn trace(&self) -> Option<TraceContext> {
        self.trace
    }

    /// Whether what is told it is kept: where it is costly to tell, ask first.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.with(|_| ()).is_some())
    }

    /// Makes it the span under way in a context: outgoing calls and spans of that context are below it.
    pub fn set_in(&self, context: &mut Context) {
        if self.trace.is_some() {
            context.set_trace(self.trace);
            if self.live.is_some() {
                context.insert(self.clone());
            }
        }
    }

    /// A span below this one. It ends when it is dropped.
    #[must_use]
    pub fn child(&self, name: impl Into<Cow<'static, str>>) -> Self {
        self.child_of_kind(name, SpanKind::Internal)
    }

    /// A span below this one, of another kind than internal: [`SpanKind::Client`] for a query of a database, say.
    #[must_use]
    pub fn child_of_kind(&self, name: impl Into<Cow<'static, str>>, kind: SpanKind) -> Self {
        let Some(parent) = self.trace else { return Self::none() };
        let Some(live) = &self.live else { return Self::unrecorded(parent) };
        let trace = TraceContext::new(parent.trace_id(), live.core.ids.span(), parent.is_sampled());
        let begin = Begin {
            parent: Some(Parent { span_id: parent.span_id(), remote: false }),
            state: live.with(|data| data.span_context.trace_state().clone()).unwrap_or_default(),
            clock: Some(live.clock),
            ..Begin::new(name.into(), kind)
        };
        Self::begin(Arc::clone(&live.core), trace, begin)
    }

    /// Sets an attribute, in place of the one of that name.
    pub fn set_attribute(&self, key: impl Into<Key>, value: impl Into<Value>) {
        if let Some(live) = &self.live {
            live.set_attribute(KeyValue::new(key, value));
        }
    }

    /// Adds something that happened just now.
    pub fn add_event(&self, name: impl Into<Cow<'static, str>>, attributes: impl IntoIterator<Item = KeyValue>) {
        if let Some(live) = &self.live {
            live.add_event(name.into(), attributes);
        }
    }

    /// Adds the span of another trace that has to do with this one.
    pub fn add_link(&self, trace: TraceContext) {
        if let Some(live) = &self.live {
            live.with(|data| match data.links.links.len() < live.core.limits.events {
                true => data.links.links.push(Link::with_context(foreign(trace))),
                false => data.links.dropped_count += 1,
            });
        }
    }

    /// Says that it failed, and of what: the error and its causes, as a [`Report`], in an event named `exception`.
    pub fn record_error(&self, error: &(dyn StdError + 'static)) {
        if let Some(live) = &self.live {
            let report = Report::new(error).to_string();
            live.fail(report.clone());
            live.add_event("exception".into(), [KeyValue::new("exception.message", report)]);
        }
    }

    /// Ends it, though there may be clones.
    pub fn end(&self) {
        if let Some(live) = &self.live {
            live.end();
        }
    }

    /// Begins it now, though it was made before.
    pub(crate) fn begin_now(&self) {
        if let Some(live) = &self.live {
            let now = live.clock.now();
            live.with(|data| data.start_time = now);
        }
    }

    /// What it was made for has not come about: nothing is told of it.
    pub(crate) fn forget(&self) {
        if let Some(live) = &self.live {
            drop(live.data.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// Its clock, for what is below it.
    pub(crate) fn clock(&self) -> Option<Clock> {
        self.live.as_ref().map(|live| live.clock)
    }

    /// The number of an attempt that begins, from 1.
    pub(crate) fn next_attempt(&self) -> u32 {
        self.live.as_ref().map_or(0, |live| live.attempts.fetch_add(1, Ordering::Relaxed).saturating_add(1))
    }

    /// Sets its status to error.
    pub(crate) fn fail(&self, description: impl Into<Cow<'static, str>>) {
        if let Some(live) = &self.live {
            live.fail(description);
        }
    }
}

impl Live {
    fn with<R>(&self, run: impl FnOnce(&mut SpanData) -> R) -> Option<R> {
        // No code of others runs behind the lock, so that what it guards is whole.
        self.data.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(run)
    }

    fn set_attribute(&self, attribute: KeyValue) {
        let limits = &self.core.limits;
        let attribute = limits.cut(attribute);
        self.with(|data| {
            let full = data.attributes.len() >= limits.attributes;
            match data.attributes.iter_mut().find(|there| there.key == attribute.key) {
                Some(there) => there.value = attribute.value,
                None if full => data.dropped_attributes_count = data.dropped_attributes_count.saturating_add(1),
                None => data.attributes.push(attribute),
            }
        });
    }

    fn add_event(&self, name: Cow<'static, str>, attributes: impl IntoIterator<Item = KeyValue>) {
        let limits = &self.core.limits;
        let mut attributes = attributes.into_iter();
        // Made before the lock: the iterator is code of others.
        let kept: Vec<_> = attributes.by_ref().take(limits.event_attributes).map(|kept| limits.cut(kept)).collect();
        let dropped = u32::try_from(attributes.count()).unwrap_or(u32::MAX);
        let event = Event::new(name, self.clock.now(), kept, dropped);
        self.with(|data| match data.events.events.len() < limits.events {
            true => data.events.events.push(event),
            false => data.events.dropped_count = data.events.dropped_count.saturating_add(1),
        });
    }

    fn fail(&self, description: impl Into<Cow<'static, str>>) {
        let mut description = description.into();
        if description.len() > self.core.limits.text {
            description = self.core.limits.start_of(&description).to_owned().into();
        }
        self.with(|data| data.status = Status::error(description));
    }

    fn end(&self) {
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut data) = data {
            data.end_time = self.clock.now();
            self.core.send(data);
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.end();
    }
}

fn span_context(trace: TraceContext, remote: bool, state: TraceState) -> SpanContext {
    let flags = if trace.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let trace_id = opentelemetry::TraceId::from_bytes(trace.trace_id().to_bytes());
    SpanContext::new(trace_id, otel_id(trace.span_id()), flags, remote, state)
}

/// The span of another process, or of another trace.
fn foreign(trace: TraceContext) -> SpanContext {
    span_context(trace, true, TraceState::NONE)
}

const fn otel_id(id: SpanId) -> opentelemetry::SpanId {
    opentelemetry::SpanId::from_bytes(id.to_bytes())
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Span").field("trace", &self.trace).field("is_recording", &self.is_recording()).finish()
    }
}
