//! What Zipkin makes of the spans that it is sent.

use std::time::Duration;

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter;
use serde_json::json;
use towerkit_tracing::Zipkin;

use super::server::Server;
use crate::sample::{Clock, micros, new_trace, resource, span};

#[tokio::test]
async fn a_span_is_read_back_as_it_was_sent() {
    let Some(server) = Server::start("a_span_is_read_back_as_it_was_sent") else { return };
    let mut zipkin = Zipkin::new(&server.url()).unwrap().address("127.0.0.1:8080".parse().unwrap());
    zipkin.set_resource(
        &Resource::builder()
            .with_service_name("addsvc")
            .with_attribute(KeyValue::new("service.version", "1.2.3"))
            .build(),
    );
    let (trace, clock) = (new_trace(), Clock::new());
    let start = clock.start;

    let mut sum = span(&clock, trace, 2, 1, SpanKind::Server, "Add/Sum", 0);
    sum.attributes = vec![
        KeyValue::new("text", "a \"b\" \u{1F600}"),
        KeyValue::new("flag", true),
        KeyValue::new("count", -7),
        KeyValue::new("ratio", 0.25),
        KeyValue::new("names", Value::Array(Array::String(vec![StringValue::from("a\"b"), StringValue::from("c")]))),
        KeyValue::new("numbers", Value::Array(Array::I64(vec![1, 2]))),
        KeyValue::new("network.peer.address", "10.0.0.9"),
        KeyValue::new("network.peer.port", 41000),
        // What is no error's text is none.
        KeyValue::new("error", "false"),
    ];
    sum.dropped_attributes_count = 3;
    sum.events.events = vec![
        Event::new("plain", start + Duration::from_micros(100), Vec::new(), 0),
        Event::new(
            "retry",
            start + Duration::from_micros(200),
            vec![KeyValue::new("attempt", 2), KeyValue::new("why", "UNAVAILABLE")],
            0,
        ),
    ];
    sum.events.dropped_count = 1;
    let state = TraceState::from_key_value([("vendor", "x")]).unwrap();
    let elsewhere = SpanContext::new(TraceId::from(5), SpanId::from(6), TraceFlags::SAMPLED, true, state);
    sum.links.links = vec![Link::new(elsewhere, vec![KeyValue::new("a", 1)], 0)];
    sum.status = Status::error("no such shard");
    let mut short = span(&clock, trace, 3, 2, SpanKind::Internal, "validate", 50);
    short.end_time = short.start_time + Duration::from_nanos(999);
    short.status = Status::Ok;
    zipkin.export(vec![sum, short]).await.unwrap();

    let local = json!({"serviceName": "addsvc", "ipv4": "127.0.0.1", "port": 8080});
    let ours = [("otel.library.name", "towerkit"), ("otel.library.version", "0.1.0"), ("service.version", "1.2.3")];
    let tags = |own: &[(&str, &str)]| {
        ours.iter()
            .chain(own)
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
    };
    let expected = vec![
        json!({
            "traceId": trace.to_string(),
            "parentId": "0000000000000001",
            "id": "0000000000000002",
            "kind": "SERVER",
            "name": "add/sum",
            "timestamp": micros(start),
            "duration": 1500,
            "localEndpoint": local,
            "remoteEndpoint": {"ipv4": "10.0.0.9", "port": 41000},
            "annotations": [
                {"timestamp": micros(start) + 100, "value": "plain"},
                {"timestamp": micros(start) + 200, "value": "retry: {\"attempt\":2,\"why\":\"UNAVAILABLE\"}"},
            ],
            "tags": tags(&[
                ("text", "a \"b\" \u{1F600}"),
                ("flag", "true"),
                ("count", "-7"),
                ("ratio", "0.25"),
                ("names", "[\"a\\\"b\",\"c\"]"),
                ("numbers", "[1,2]"),
                ("network.peer.address", "10.0.0.9"),
                ("network.peer.port", "41000"),
                ("error", "no such shard"),
                ("otel.status_code", "ERROR"),
                ("otel.dropped_attributes_count", "3"),
                ("otel.dropped_events_count", "1"),
                ("otlp.link.0", "00000000000000000000000000000005|0000000000000006|vendor=x|{\"a\":1}|0"),
            ]),
        }),
        json!({
            "traceId": trace.to_string(),
            "parentId": "0000000000000002",
            "id": "0000000000000003",
            "name": "validate",
            "timestamp": micros(start) + 50,
            "duration": 1,
            "localEndpoint": local,
            "tags": tags(&[("otel.status_code", "OK")]),
        }),
    ];
    pretty_assert(&server.trace(trace).await, &expected);
}

#[tokio::test]
async fn the_other_side_of_a_call_is_told_as_well_as_it_is_known() {
    let Some(server) = Server::start("the_other_side_of_a_call_is_told_as_well_as_it_is_known") else { return };
    let mut zipkin = Zipkin::new(&server.url()).unwrap();
    zipkin.set_resource(&resource("apigateway"));
    let (trace, clock) = (new_trace(), Clock::new());
    let text = |name: &'static str, value: &'static str| KeyValue::new(name, value);
    let cases = [
        (SpanKind::Client, vec![], json!(null)),
        (
            SpanKind::Client,
            vec![
                text("peer.service", "addsvc"),
                text("server.address", "add.test"),
                text("network.peer.address", "::1"),
            ],
            json!({"serviceName": "addsvc", "ipv6": "::1"}),
        ),
        (SpanKind::Producer, vec![text("server.address", "nats.test")], json!({"serviceName": "nats.test"})),
        (
            SpanKind::Client,
            vec![text("server.address", "add.test"), KeyValue::new("server.port", 8080)],
            json!({"serviceName": "add.test", "port": 8080}),
        ),
        (
            SpanKind::Client,
            vec![text("server.address", "10.0.0.7"), KeyValue::new("server.port", 8080)],
            json!({"ipv4": "10.0.0.7", "port": 8080}),
        ),
        (
            SpanKind::Server,
            vec![text("client.address", "10.0.0.8"), text("server.address", "x")],
            json!({"ipv4": "10.0.0.8"}),
        ),
        (SpanKind::Internal, vec![text("peer.service", "addsvc")], json!(null)),
        // What is no address is none.
        (SpanKind::Server, vec![text("client.address", "unix:/x"), KeyValue::new("client.port", 70_000)], json!(null)),
    ];
    let spans = cases.iter().zip(1..).map(|((kind, attributes, _), id)| {
        let mut span = span(&clock, trace, id, 0, kind.clone(), "call", id);
        span.attributes.clone_from(attributes);
        span
    });
    zipkin.export(spans.collect()).await.unwrap();

    let told: Vec<_> = server.trace(trace).await.iter().map(|span| span["remoteEndpoint"].clone()).collect();
    let expected: Vec<_> = cases.into_iter().map(|(_, _, remote)| remote).collect();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn calls_through_three_services_are_one_tree_and_edges_of_the_graph() {
    let Some(server) = Server::start("calls_through_three_services_are_one_tree_and_edges_of_the_graph") else {
        return;
    };
    let (trace, clock) = (new_trace(), Clock::new());
    let mut failed = span(&clock, trace, 5, 4, SpanKind::Server, "sum", 300);
    failed.status = Status::error("overflow");
    let of = [
        ("addcli", vec![span(&clock, trace, 1, 0, SpanKind::Client, "sum", 0)]),
        (
            "apigateway",
            vec![
                span(&clock, trace, 2, 1, SpanKind::Server, "sum", 100),
                span(&clock, trace, 4, 2, SpanKind::Client, "sum", 200),
            ],
        ),
        ("addsvc", vec![failed]),
    ];
    // The last one first: its parents are not known yet.
    for (service, spans) in of.into_iter().rev() {
        let mut zipkin = Zipkin::new(&server.url()).unwrap();
        zipkin.set_resource(&resource(service));
        zipkin.export(spans).await.unwrap();
    }

    let spans = server.trace(trace).await;
    let tree: Vec<_> = spans
        .iter()
        .map(|span| [&span["localEndpoint"]["serviceName"], &span["id"], &span["parentId"]].map(|field| field.as_str()))
        .collect();
    let id = |id: &'static str| Some(id);
    assert_eq!(
        tree,
        [
            [id("addcli"), id("0000000000000001"), None],
            [id("apigateway"), id("0000000000000002"), id("0000000000000001")],
            [id("apigateway"), id("0000000000000004"), id("0000000000000002")],
            [id("addsvc"), id("0000000000000005"), id("0000000000000004")],
        ]
    );
    // And found by the service, as one trace.
    let found = server.get("traces?serviceName=addsvc&lookback=86400000").await.unwrap();
    assert_eq!(found.as_array().unwrap().iter().map(|trace| trace.as_array().unwrap().len()).collect::<Vec<_>>(), [4]);

    let now = micros(std::time::SystemTime::now()) / 1000;
    let edges = server.get(&format!("dependencies?endTs={now}&lookback=86400000")).await.unwrap();
    let mut edges = edges.as_array().unwrap().clone();
    edges.sort_by_key(|edge| edge["parent"].to_string());
    pretty_assert(
        &edges,
        &[
            json!({"parent": "addcli", "child": "apigateway", "callCount": 1}),
            json!({"parent": "apigateway", "child": "addsvc", "callCount": 1, "errorCount": 1}),
        ],
    );
}

fn pretty_assert(left: &[serde_json::Value], right: &[serde_json::Value]) {
    assert!(left == right, "{left:#?}\nis not\n{right:#?}");
}
