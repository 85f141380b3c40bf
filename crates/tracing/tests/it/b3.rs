//! B3, in one header and in several.

use towerkit_endpoint::{Context, Request};
use towerkit_tracing::{Propagation, Sampler, TracerBuilder};

use crate::support::{Rig, echo, through};

const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const SPAN: &str = "e457b5a2e4d86bd1";

/// A tracer that by itself records nothing.
fn unwilling(builder: TracerBuilder) -> TracerBuilder {
    builder.sampler(Sampler::never())
}

/// The trace that a request belongs to, its parent if there is one, and whether it is recorded.
async fn read(headers: &[(&str, &str)]) -> Option<(String, bool)> {
    let rig = Rig::with(unwilling);
    let context = through(&rig.tracer.requests("sum"), headers).await;
    let trace = context.trace().unwrap();
    let joined = [TRACE, "000000000000000064fe8b2a57d3eff7"].contains(&trace.trace_id().to_string().as_str());
    joined.then(|| (trace.trace_id().to_string(), trace.is_sampled()))
}

async fn single(value: &str) -> Option<(String, bool)> {
    read(&[("b3", value)]).await
}

#[tokio::test]
async fn one_header_is_read() {
    let joined = |sampled| Some((TRACE.to_owned(), sampled));
    assert_eq!(single(&format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90")).await, joined(true));
    assert_eq!(single(&format!("{TRACE}-{SPAN}-1")).await, joined(true));
    assert_eq!(single(&format!("{TRACE}-{SPAN}-0")).await, joined(false));
    assert_eq!(single(&format!("{TRACE}-{SPAN}-d")).await, joined(true));
    // It leaves the decision to this service.
    assert_eq!(single(&format!("{TRACE}-{SPAN}")).await, joined(false));
}

#[tokio::test]
async fn an_id_of_64_bits_is_padded() {
    let padded = Some(("000000000000000064fe8b2a57d3eff7".to_owned(), true));
    assert_eq!(single(&format!("64fe8b2a57d3eff7-{SPAN}-1")).await, padded);
    let several = [("x-b3-traceid", "64fe8b2a57d3eff7"), ("x-b3-spanid", SPAN), ("x-b3-sampled", "1")];
    assert_eq!(read(&several).await, padded);
}

#[tokio::test]
async fn a_malformed_header_begins_a_new_trace() {
    let bad = [
        String::new(),
        "-".into(),
        TRACE.into(),
        format!("{TRACE}-"),
        format!("{TRACE}-{SPAN}-"),
        format!("{TRACE}-{SPAN}-2"),
        format!("{TRACE}-{SPAN}-true"),
        format!("{TRACE}-{SPAN}-1-"),
        format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b9"),
        format!("{TRACE}-{SPAN}-1-0000000000000000"),
        format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90-"),
        format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90-1"),
        format!("{}-{SPAN}-1", TRACE.to_uppercase()),
        format!("{TRACE}-{}-1", SPAN.to_uppercase()),
        format!("{}-{SPAN}-1", &TRACE[1..]),
        format!("0{TRACE}-{SPAN}-1"),
        format!("{TRACE}-{}-1", &SPAN[1..]),
        format!("00000000000000000000000000000000-{SPAN}-1"),
        format!("0000000000000000-{SPAN}-1"),
        format!("{TRACE}-0000000000000000-1"),
    ];
    for bad in bad {
        assert_eq!(single(&bad).await, None, "{bad}");
    }
    let twice = format!("{TRACE}-{SPAN}-1");
    assert_eq!(read(&[("b3", &twice), ("b3", &twice)]).await, None);
}

#[tokio::test]
async fn several_headers_are_read() {
    let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    let with = |more: &[(&'static str, &'static str)]| [&ids[..], more].concat();
    let joined = |sampled| Some((TRACE.to_owned(), sampled));
    assert_eq!(read(&ids).await, joined(false));
    for (said, sampled) in [("1", true), ("0", false), ("true", true), ("False", false)] {
        assert_eq!(read(&with(&[("x-b3-sampled", said)])).await, joined(sampled), "{said}");
    }
    assert_eq!(read(&with(&[("x-b3-flags", "1")])).await, joined(true));
    assert_eq!(read(&with(&[("x-b3-flags", "0"), ("x-b3-sampled", "1")])).await, joined(true));
    assert_eq!(read(&with(&[("x-b3-parentspanid", "05e3ac9a4f6e3b90"), ("x-b3-sampled", "1")])).await, joined(true));
}

#[tokio::test]
async fn several_headers_that_are_malformed_begin_a_new_trace() {
    let bad: [&[(&str, &str)]; 7] = [
        &[("x-b3-traceid", TRACE)],
        &[("x-b3-spanid", SPAN)],
        &[("x-b3-traceid", "xyz"), ("x-b3-spanid", SPAN)],
        &[("x-b3-traceid", TRACE), ("x-b3-spanid", "0000000000000000")],
        &[("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN), ("x-b3-sampled", "d")],
        &[("x-b3-traceid", TRACE), ("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)],
        &[("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN), ("x-b3-parentspanid", "1")],
    ];
    for bad in bad {
        assert_eq!(read(bad).await, None, "{bad:?}");
    }
}

#[tokio::test]
async fn a_decision_without_ids_holds_for_the_trace_that_begins() {
    for (header, value, sampled) in [
        ("b3", "0", false),
        ("b3", "1", true),
        ("b3", "d", true),
        ("x-b3-sampled", "0", false),
        ("x-b3-flags", "1", true),
    ] {
        let rig = if sampled { Rig::with(unwilling) } else { Rig::new() };
        let context = through(&rig.tracer.requests("sum"), &[(header, value)]).await;
        assert_eq!(context.trace().unwrap().is_sampled(), sampled, "{header}: {value}");
    }
}

/// What a service that was called with a header writes into its own call.
async fn called_on(header: &str, writes: Propagation) -> Context {
    let rig = Rig::with(|builder| builder.writes([writes]));
    let incoming = through(&rig.tracer.requests("sum"), &[("b3", header)]).await;
    let calls = tower::Layer::layer(&rig.tracer.calls("next"), echo());
    tower::ServiceExt::oneshot(calls, Request::with_context(incoming.outgoing(), ())).await.unwrap()
}

#[tokio::test]
async fn one_header_is_written_with_the_span_and_its_parent() {
    let context = called_on(&format!("{TRACE}-{SPAN}-1"), Propagation::B3Single).await;
    let fields: Vec<_> = context.metadata().get("b3").unwrap().split('-').map(str::to_owned).collect();
    let [trace, span, sampled, parent] = &fields[..] else { panic!("{fields:?}") };
    assert_eq!((trace.as_str(), sampled.as_str()), (TRACE, "1"));
    assert_eq!(*span, context.trace().unwrap().span_id().to_string());
    assert_ne!(parent, SPAN); // it is the span of the request, below the caller's
    assert_eq!(parent.len(), 16);
    assert_eq!(context.metadata().get("traceparent"), None);
}

#[tokio::test]
async fn several_headers_are_written_and_the_one_that_came_is_not_passed_on() {
    let context = called_on(&format!("{TRACE}-{SPAN}-0"), Propagation::B3Multi).await;
    let get = |name| context.metadata().get(name);
    assert_eq!(get("x-b3-traceid"), Some(TRACE));
    assert_eq!(get("x-b3-spanid"), Some(&*context.trace().unwrap().span_id().to_string()));
    assert_eq!(get("x-b3-sampled"), Some("0"));
    assert!(get("x-b3-parentspanid").is_some());
    assert_eq!((get("b3"), get("x-b3-flags")), (None, None));
}

#[tokio::test]
async fn debug_is_passed_on() {
    let debug = format!("{TRACE}-{SPAN}-d");
    assert_eq!(
        called_on(&debug, Propagation::B3Single).await.metadata().get("b3").unwrap().split('-').nth(2),
        Some("d")
    );
    let several = called_on(&debug, Propagation::B3Multi).await;
    assert_eq!((several.metadata().get("x-b3-flags"), several.metadata().get("x-b3-sampled")), (Some("1"), None));
}

#[tokio::test]
async fn the_order_of_the_forms_decides_among_them() {
    let w3c = "00-12345678901234567890123456789012-1234567890123456-01";
    let both = [("traceparent", w3c), ("b3", &*format!("{TRACE}-{SPAN}-1"))];
    let read = async |forms: &[Propagation], headers: &[(&str, &str)]| {
        let rig = Rig::with(|builder| builder.reads(forms.iter().copied()));
        through(&rig.tracer.requests("sum"), headers).await.trace().unwrap().trace_id().to_string()
    };
    assert!(read(&[Propagation::W3c, Propagation::B3Single], &both).await.starts_with("12345"));
    assert_eq!(read(&[Propagation::B3Single, Propagation::W3c], &both).await, TRACE);
    assert_eq!(read(&[Propagation::B3Single], &both).await, TRACE);
    assert_ne!(read(&[Propagation::B3Multi], &both).await, TRACE);
    // The next one counts where the first is malformed.
    let broken = [("traceparent", "00-1-1-01"), both[1]];
    assert_eq!(read(&[Propagation::W3c, Propagation::B3Single], &broken).await, TRACE);
}

#[tokio::test]
async fn a_trace_that_came_as_b3_has_no_state_of_w3c() {
    let rig = Rig::with(|builder| builder.reads([Propagation::B3Single]));
    let b3 = format!("{TRACE}-{SPAN}-1");
    let context = through(&rig.tracer.requests("sum"), &[("b3", &b3), ("tracestate", "foo=1")]).await;
    assert_eq!(context.metadata().get("tracestate"), None);
}
