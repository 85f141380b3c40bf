//! What a collector of another make reads in the spans that it is sent.

use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use towerkit_tracing::Otlp;

use super::both;
use super::rotel::Rotel;
use crate::collector::{Collector, http};
use crate::sample::{Clock, new_trace, resource, span};

fn spans(clock: &Clock, trace: TraceId) -> Vec<SpanData> {
    let start = clock.start;
    let mut sum = span(clock, trace, 2, 1, SpanKind::Server, "Add/Sum", 0);
    sum.attributes = vec![
        KeyValue::new("text", "a \"b\" \u{1F600}"),
        KeyValue::new("flag", true),
        KeyValue::new("count", -7),
        KeyValue::new("ratio", 0.25),
        KeyValue::new("names", Value::Array(Array::String(vec![StringValue::from("a"), StringValue::from("b")]))),
    ];
    sum.dropped_attributes_count = 3;
    sum.events.events = vec![
        Event::new("plain", start + Duration::from_nanos(100), Vec::new(), 0),
        Event::new("retry", start + Duration::from_nanos(200), vec![KeyValue::new("attempt", 2)], 1),
    ];
    let state = TraceState::from_key_value([("vendor", "x")]).unwrap();
    let elsewhere = SpanContext::new(TraceId::from(5), SpanId::from(6), TraceFlags::SAMPLED, true, state);
    sum.links.links = vec![Link::new(elsewhere, vec![KeyValue::new("a", 1)], 0)];
    sum.status = Status::error("no such shard");
    let mut validate = span(clock, trace, 3, 2, SpanKind::Internal, "validate", 50);
    validate.end_time = validate.start_time + Duration::from_nanos(999);
    validate.status = Status::Ok;
    vec![sum, validate, span(clock, trace, 4, 0, SpanKind::Client, "root", 60)]
}

/// As it prints them.
fn printed(clock: &Clock, trace: TraceId) -> String {
    let nanos = clock.start.duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let at = |after: u128| nanos + after;
    let lines = [
        "ScopeSpans #0".to_owned(),
        "ScopeSpans SchemaURL: ".to_owned(),
        "InstrumentationScope towerkit 0.1.0".to_owned(),
        "Span #0".to_owned(),
        format!("    Trace ID       : {trace}"),
        "    Parent ID      : 0000000000000001".to_owned(),
        "    ID             : 0000000000000002".to_owned(),
        "    Name           : Add/Sum".to_owned(),
        "    Kind           : SPAN_KIND_SERVER".to_owned(),
        format!("Start time: {}", at(0)),
        format!("End time: {}", at(1_500_000)),
        "    Status code    : STATUS_CODE_ERROR".to_owned(),
        "    Status message : no such shard".to_owned(),
        "Attributes:".to_owned(),
        "     -> text: Str(a \"b\" \u{1F600})".to_owned(),
        "     -> flag: Bool(true)".to_owned(),
        "     -> count: Int(-7)".to_owned(),
        "     -> ratio: Double(0.25)".to_owned(),
        "     -> names: Slice(Str(a), Str(b))".to_owned(),
        "Events:".to_owned(),
        "SpanEvent #0".to_owned(),
        "     -> Name: plain".to_owned(),
        format!("     -> Timestamp: {}", at(100)),
        "     -> DroppedAttributesCount: 0".to_owned(),
        "SpanEvent #1".to_owned(),
        "     -> Name: retry".to_owned(),
        format!("     -> Timestamp: {}", at(200)),
        "     -> DroppedAttributesCount: 1".to_owned(),
        "     -> Attributes::".to_owned(),
        "          -> attempt: Int(2)".to_owned(),
        "Links:".to_owned(),
        "SpanLink #0".to_owned(),
        "     -> Trace ID: 00000000000000000000000000000005".to_owned(),
        "     -> ID: 0000000000000006".to_owned(),
        "     -> TraceState: vendor=x".to_owned(),
        "     -> DroppedAttributesCount: 0".to_owned(),
        "     -> Attributes::".to_owned(),
        "          -> a: Int(1)".to_owned(),
        "Span #1".to_owned(),
        format!("    Trace ID       : {trace}"),
        "    Parent ID      : 0000000000000002".to_owned(),
        "    ID             : 0000000000000003".to_owned(),
        "    Name           : validate".to_owned(),
        "    Kind           : SPAN_KIND_INTERNAL".to_owned(),
        format!("Start time: {}", at(50_000)),
        format!("End time: {}", at(50_999)),
        "    Status code    : STATUS_CODE_OK".to_owned(),
        "    Status message : ".to_owned(),
        "Span #2".to_owned(),
        format!("    Trace ID       : {trace}"),
        "    Parent ID      : ".to_owned(),
        "    ID             : 0000000000000004".to_owned(),
        "    Name           : root".to_owned(),
        "    Kind           : SPAN_KIND_CLIENT".to_owned(),
        format!("Start time: {}", at(60_000)),
        format!("End time: {}", at(1_560_000)),
        "    Status code    : STATUS_CODE_UNSET".to_owned(),
        "    Status message : ".to_owned(),
    ];
    lines.join("\n")
}

#[tokio::test]
async fn a_span_is_read_as_it_was_sent() {
    let Some(mut rotel) = Rotel::start("a_span_is_read_as_it_was_sent") else { return };
    let clock = Clock::new();
    let [grpc, http] = both(&rotel.grpc(), &rotel.http());
    let [small_grpc, small_http] = both(&rotel.grpc(), &rotel.http()).map(Otlp::gzip);
    for mut otlp in [grpc, http, small_grpc, small_http] {
        otlp.set_resource(&resource("addsvc"));
        let trace = new_trace();
        otlp.export(spans(&clock, trace)).await.unwrap();
        let of = "Resource attributes:\n     -> service.name: Str(addsvc)\n";
        rotel.wait_until_printed(&format!("{of}{}\n", printed(&clock, trace)));
    }
}

/// What the collector doesn't print.
#[tokio::test]
async fn nothing_of_a_span_is_left_out() {
    let collector = Collector::answering(vec![http(200, "")]).await;
    let (clock, trace) = (Clock::new(), new_trace());
    let mut otlp = Otlp::http(&collector.url("")).unwrap();
    let attribute = |name: &'static str, value: i64| KeyValue::new(name, value);
    let of = Resource::builder_empty().with_schema_url([attribute("a", 1), attribute("b", 2)], "https://schema.test/1");
    otlp.set_resource(&of.build());
    let mut spans = spans(&clock, trace);
    let state = TraceState::from_key_value([("vendor", "y")]).unwrap();
    spans[0].span_context = SpanContext::new(trace, SpanId::from(2), TraceFlags::SAMPLED, false, state);
    otlp.export(spans).await.unwrap();

    let requests = collector.requests();
    assert_eq!(requests[0].uri(), "/v1/traces");
    let sent = ExportTraceServiceRequest::decode(requests[0].body().clone()).unwrap().resource_spans.remove(0);
    assert_eq!(sent.schema_url, "https://schema.test/1");
    let mut names: Vec<_> = sent.resource.unwrap().attributes.into_iter().map(|attribute| attribute.key).collect();
    names.sort();
    assert_eq!(names, ["a", "b"]);
    let span = &sent.scope_spans[0].spans[0];
    assert_eq!((span.trace_state.as_str(), span.dropped_attributes_count), ("vendor=y", 3));
    // Sampled; whether the parent is remote is known, and it is.
    assert_eq!(span.flags, 0x301);
}
