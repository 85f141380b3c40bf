//! Spans by hand.

use opentelemetry::trace::{SpanKind, Status};
use towerkit_endpoint::{Code, Context, Error, TraceContext};
use towerkit_tracing::{KeyValue, Limits, Sampler, Span, Tracer};

use crate::support::{Rig, attribute, find, text, through};

#[tokio::test]
async fn a_span_ends_when_it_is_dropped() {
    let rig = Rig::new();
    let span = rig.tracer.span("job");
    let clone = span.clone();
    drop(span);
    assert_eq!(rig.tracer.stats().ended, 0);
    drop(clone);
    let span = rig.span().await;
    assert_eq!((&*span.name, &span.span_kind), ("job", &SpanKind::Internal));
    assert_eq!(span.parent_span_id, opentelemetry::SpanId::INVALID);
}

#[tokio::test]
async fn a_span_ends_once() {
    let rig = Rig::new();
    let span = rig.tracer.span("job");
    span.end();
    span.end();
    span.set_attribute("late", 1);
    assert!(!span.is_recording());
    drop(span);
    assert_eq!(rig.span().await.attributes, []);
}

#[tokio::test]
async fn children_are_below_and_end_by_themselves() {
    let rig = Rig::new();
    let job = rig.tracer.span("job");
    let query = job.child_of_kind("query", SpanKind::Client);
    let row = query.child("row");
    drop(job);
    drop((row, query));
    let spans = rig.spans().await;
    let (job, query, row) = (find(&spans, "job"), find(&spans, "query"), find(&spans, "row"));
    assert_eq!(query.parent_span_id, job.span_context.span_id());
    assert_eq!(row.parent_span_id, query.span_context.span_id());
    assert_eq!(query.span_kind, SpanKind::Client);
    assert!(job.start_time <= query.start_time && query.start_time <= row.start_time && row.end_time <= query.end_time);
    assert!(spans.iter().all(|span| span.span_context.trace_id() == job.span_context.trace_id()));
    assert!(spans.iter().all(|span| span.span_context.is_sampled() && !span.parent_span_is_remote));
}

#[tokio::test]
async fn a_handler_adds_to_its_request_s_span() {
    let rig = Rig::new();
    let handler = tower::service_fn(|request: towerkit_endpoint::Request<()>| async move {
        let span = Span::of(request.context());
        span.set_attribute("shop.item", "a");
        span.set_attribute("shop.item", "b");
        span.set_attribute("shop.count", 3);
        span.add_event("row found", [KeyValue::new("row", 7)]);
        drop(span.child("query"));
        Ok::<_, Error>(())
    });
    let service = tower::Layer::layer(&rig.tracer.requests("buy"), handler);
    tower::ServiceExt::oneshot(service, towerkit_endpoint::Request::new(())).await.unwrap();
    let spans = rig.spans().await;
    let (buy, query) = (find(&spans, "buy"), find(&spans, "query"));
    assert_eq!(attribute(buy, "shop.item").as_deref(), Some("b"), "the last one of a name stands");
    assert_eq!(attribute(buy, "shop.count").as_deref(), Some("3"));
    assert_eq!((&*buy.events[0].name, text(&buy.events[0].attributes[0].value)), ("row found", "7".into()));
    assert_eq!(query.parent_span_id, buy.span_context.span_id());
}

#[tokio::test]
async fn an_error_is_recorded_with_its_causes() {
    let rig = Rig::new();
    let span = rig.tracer.span("job");
    span.record_error(&Error::new(Code::Internal, "no disk").with_source(std::io::Error::other("sdb")));
    drop(span);
    let span = rig.span().await;
    assert_eq!(span.status, Status::error("no disk: sdb"));
    assert_eq!(span.events[0].name, "exception");
    assert_eq!(text(&span.events[0].attributes[0].value), "no disk: sdb");
}

#[tokio::test]
async fn a_span_is_set_in_a_context_for_what_is_called_from_there() {
    let rig = Rig::new();
    let request = through(&rig.tracer.requests("sum"), &[]).await;
    let query = Span::of(&request).child("query"); // it has ended: below it is nothing to be recorded
    assert!(query.is_recording(), "a child of a span that has ended is still of its trace");
    let mut outgoing = request.outgoing();
    query.set_in(&mut outgoing);
    drop(through_context(&rig.tracer, outgoing).await);
    drop(query);
    let spans = rig.spans().await;
    assert_eq!(find(&spans, "next").parent_span_id, find(&spans, "query").span_context.span_id());
    assert_eq!(find(&spans, "query").parent_span_id, find(&spans, "sum").span_context.span_id());
}

async fn through_context(tracer: &Tracer, context: Context) -> Context {
    let service = tower::Layer::layer(&tracer.calls("next"), crate::support::echo());
    tower::ServiceExt::oneshot(service, towerkit_endpoint::Request::with_context(context, ())).await.unwrap()
}

#[tokio::test]
async fn a_span_of_an_outgoing_context_is_below_its_trace() {
    let rig = Rig::new();
    let request = through(&rig.tracer.requests("sum"), &[]).await;
    let outgoing = request.outgoing();
    assert!(!Span::of(&outgoing).is_recording(), "only the trace goes along");
    drop(rig.tracer.span_in(&outgoing, "later"));
    let spans = rig.spans().await;
    assert_eq!(find(&spans, "later").parent_span_id, find(&spans, "sum").span_context.span_id());
}

#[tokio::test]
async fn what_is_not_recorded_still_has_a_trace_to_pass_on() {
    let rig = Rig::with(|builder| builder.sampler(Sampler::never()));
    let span = rig.tracer.span("job");
    assert!(!span.is_recording());
    let mut context = Context::new();
    span.child("query").set_in(&mut context);
    assert_eq!(context.trace().map(TraceContext::trace_id), span.trace().map(TraceContext::trace_id));
    assert!(!context.trace().unwrap().is_sampled());
    assert_eq!(Tracer::off().span("job").trace(), None);
    assert_eq!(Span::none().child("query").trace(), None);
}

#[tokio::test]
async fn a_span_is_bounded_and_says_what_was_left_out() {
    let mut limits = Limits::default();
    (limits.attributes, limits.events, limits.event_attributes, limits.text) = (2, 1, 1, 4);
    let rig = Rig::with(|builder| builder.limits(limits));
    let span = rig.tracer.span("job");
    for name in ["a", "b", "c", "d"] {
        span.set_attribute(name, "ééé");
    }
    span.set_attribute("a", "again");
    for _ in 0..3 {
        span.add_event("tick", [KeyValue::new("x", "12345"), KeyValue::new("y", 1)]);
    }
    let other = rig.tracer.span("other").trace().unwrap();
    (0..3).for_each(|_| span.add_link(other));
    drop(span);
    let spans = rig.spans().await;
    let span = find(&spans, "job");
    assert_eq!((span.attributes.len(), span.dropped_attributes_count), (2, 2));
    assert_eq!((attribute(span, "a").as_deref(), attribute(span, "b").as_deref()), (Some("agai"), Some("éé")));
    assert_eq!((span.events.len(), span.events.dropped_count), (1, 2));
    assert_eq!((span.events[0].attributes.len(), span.events[0].dropped_attributes_count), (1, 1));
    assert_eq!(text(&span.events[0].attributes[0].value), "1234");
    assert_eq!((span.links.len(), span.links.dropped_count), (1, 2));
}

#[tokio::test]
async fn ids_are_of_a_trace_and_never_the_same() {
    let rig = Rig::new();
    let (a, b) = (rig.tracer.span("a").trace().unwrap(), rig.tracer.span("b").trace().unwrap());
    assert_ne!(a.trace_id(), b.trace_id());
    assert_ne!(a.span_id(), b.span_id());
}

#[test]
fn without_an_exporter_nothing_is_collected_and_traces_go_on() {
    let (tracer, _exporter) = Tracer::builder("a").build();
    let span = tracer.span("job");
    assert!(!span.is_recording() && span.trace().unwrap().is_sampled());
    drop(span);
    assert_eq!(tracer.stats().ended, 0);
}

#[tokio::test]
async fn a_tracer_that_is_off_gives_no_other_tracer_s_span() {
    let rig = Rig::new();
    let context = std::sync::Mutex::new(None);
    let handler = |request: towerkit_endpoint::Request<()>| {
        let span = Tracer::off().span_in(request.context(), "query");
        assert!(!span.is_recording());
        assert_eq!(span.trace(), request.context().trace(), "what is below goes on with the trace");
        span.set_attribute("rows", 7);
        span.end();
        assert!(Span::of(request.context()).is_recording());
        *context.lock().unwrap() = Some(request.into_parts().0);
        std::future::ready(Ok::<_, Error>(()))
    };
    let service = tower::Layer::layer(&rig.tracer.requests("sum"), tower::service_fn(handler));
    tower::ServiceExt::oneshot(service, towerkit_endpoint::Request::new(())).await.unwrap();
    assert_eq!(rig.span().await.attributes, []);
}
