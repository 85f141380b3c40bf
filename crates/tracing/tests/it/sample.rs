//! Spans made by hand.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

/// When the spans of a test begin.
pub(crate) struct Clock {
    pub(crate) start: SystemTime,
}

impl Clock {
    /// A minute ago, in whole milliseconds: backends look at the last hours, and some count in microseconds.
    pub(crate) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        Self { start: UNIX_EPOCH + Duration::from_millis(now.try_into().unwrap()) - Duration::from_secs(60) }
    }
}

/// A trace that no other test has.
pub(crate) fn new_trace() -> TraceId {
    TraceId::from(fastrand::u128(1..))
}

/// A span that begins so many microseconds after the start and takes 1500.
pub(crate) fn span(
    clock: &Clock,
    trace: TraceId,
    id: u64,
    parent: u64,
    kind: SpanKind,
    name: &'static str,
    after: u64,
) -> SpanData {
    let start = clock.start + Duration::from_micros(after);
    SpanData {
        span_context: SpanContext::new(trace, SpanId::from(id), TraceFlags::SAMPLED, false, TraceState::NONE),
        parent_span_id: SpanId::from(parent),
        parent_span_is_remote: kind == SpanKind::Server && parent != 0,
        span_kind: kind,
        name: name.into(),
        start_time: start,
        end_time: start + Duration::from_micros(1500),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("towerkit").with_version("0.1.0").build(),
    }
}

/// A batch of one span.
pub(crate) fn one(trace: TraceId) -> Vec<SpanData> {
    let mut span = span(&Clock::new(), trace, 1, 0, SpanKind::Server, "sum", 0);
    span.attributes.push(KeyValue::new("rpc.method", "sum"));
    vec![span]
}

#[cfg(feature = "zipkin")]
pub(crate) fn micros(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_micros().try_into().unwrap()
}

pub(crate) fn resource(service: &'static str) -> Resource {
    Resource::builder_empty().with_service_name(service).build()
}
