//! W3C Trace Context, in the spirit of its own test suite: what of a peer is believed, and what goes on.

use towerkit_endpoint::Context;

use crate::support::{Rig, request, through};

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";
const TRACE: &str = "12345678901234567890123456789012";

/// The trace that a request with these headers belongs to.
async fn trace(headers: &[(&str, &str)]) -> String {
    let rig = Rig::new();
    trace_of(&through(&rig.tracer.requests("sum"), headers).await)
}

fn trace_of(context: &Context) -> String {
    context.trace().unwrap().trace_id().to_string()
}

/// The `tracestate` with which a service calls on, that was called with these.
async fn passed_on(states: &[&str]) -> Option<String> {
    passed_on_with(PARENT, states).await
}

async fn passed_on_with(parent: &str, states: &[&str]) -> Option<String> {
    let rig = Rig::new();
    let mut headers = vec![("traceparent", parent)];
    headers.extend(states.iter().map(|state| ("tracestate", *state)));
    let incoming = through(&rig.tracer.requests("sum"), &headers).await;
    let call = towerkit_endpoint::Request::with_context(incoming.outgoing(), ());
    let calls = tower::Layer::layer(&rig.tracer.calls("next"), crate::support::echo());
    let outgoing = tower::ServiceExt::oneshot(calls, call).await.unwrap();
    assert!(outgoing.metadata().get_all("tracestate").count() <= 1);
    outgoing.metadata().get("tracestate").map(str::to_owned)
}

#[tokio::test]
async fn a_valid_parent_is_joined() {
    assert_eq!(trace(&[("traceparent", PARENT)]).await, TRACE);
    assert_eq!(trace(&[("traceparent", "00-12345678901234567890123456789012-1234567890123456-00")]).await, TRACE);
}

#[tokio::test]
async fn a_span_is_below_the_parent_and_has_an_id_of_its_own() {
    let rig = Rig::new();
    let context = through(&rig.tracer.requests("sum"), &[("traceparent", PARENT)]).await;
    let span = rig.span().await;
    assert_eq!(span.parent_span_id.to_string(), "1234567890123456");
    assert!(span.parent_span_is_remote);
    assert_eq!(span.span_context.trace_id().to_string(), TRACE);
    assert_eq!(span.span_context.span_id().to_string(), context.trace().unwrap().span_id().to_string());
    assert_ne!(span.span_context.span_id(), span.parent_span_id);
}

#[tokio::test]
async fn a_malformed_parent_begins_a_new_trace() {
    let bad = [
        "",
        "00",
        "00-",
        "garbage",
        // lengths
        "00-1234567890123456789012345678901-1234567890123456-01",
        "00-123456789012345678901234567890123-1234567890123456-01",
        "00-12345678901234567890123456789012-123456789012345-01",
        "00-12345678901234567890123456789012-12345678901234567-01",
        "00-12345678901234567890123456789012-1234567890123456-1",
        "00-12345678901234567890123456789012-1234567890123456-001",
        "00-12345678901234567890123456789012-1234567890123456-",
        "00-12345678901234567890123456789012-1234567890123456",
        "0-12345678901234567890123456789012-1234567890123456-01",
        "000-12345678901234567890123456789012-1234567890123456-01",
        // versions
        "ff-12345678901234567890123456789012-1234567890123456-01",
        "0x-12345678901234567890123456789012-1234567890123456-01",
        ".0-12345678901234567890123456789012-1234567890123456-01",
        "FF-12345678901234567890123456789012-1234567890123456-01",
        "CC-12345678901234567890123456789012-1234567890123456-01",
        // more than version 00 has
        "00-12345678901234567890123456789012-1234567890123456-01-",
        "00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
        "00-12345678901234567890123456789012-1234567890123456-01.what",
        // more than a dash in a later version
        "cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like",
        // zeros
        "00-00000000000000000000000000000000-1234567890123456-01",
        "00-12345678901234567890123456789012-0000000000000000-01",
        // characters
        "00-.2345678901234567890123456789012-1234567890123456-01",
        "00-1234567890123456789012345678901.-1234567890123456-01",
        "00-12345678901234567890123456789012-.234567890123456-01",
        "00-12345678901234567890123456789012-123456789012345.-01",
        "00-12345678901234567890123456789012-1234567890123456-.0",
        "00-12345678901234567890123456789012-1234567890123456-0.",
        "00-ABCDEF78901234567890123456789012-1234567890123456-01",
        "00-12345678901234567890123456789012-ABCDEF7890123456-01",
        "00-12345678901234567890123456789012-1234567890123456-0A",
        // dashes
        "00_12345678901234567890123456789012_1234567890123456_01",
        "00-1234567890123456789012345678901-21234567890123456-01",
    ];
    for bad in bad {
        let began = trace(&[("traceparent", bad)]).await;
        assert!(!began.contains("1234567890"), "{bad}");
    }
}

#[tokio::test]
async fn a_later_version_is_read_as_the_first() {
    assert_eq!(trace(&[("traceparent", "cc-12345678901234567890123456789012-1234567890123456-01")]).await, TRACE);
    let more = "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like";
    assert_eq!(trace(&[("traceparent", more)]).await, TRACE);
    assert_eq!(trace(&[("traceparent", "fe-12345678901234567890123456789012-1234567890123456-01-")]).await, TRACE);
}

#[tokio::test]
async fn blanks_around_the_parent_are_none_of_it() {
    assert_eq!(trace(&[("traceparent", " \t00-12345678901234567890123456789012-1234567890123456-01\t ")]).await, TRACE);
}

#[tokio::test]
async fn the_name_of_the_header_is_of_any_case_and_of_no_other_spelling() {
    assert_eq!(trace(&[("TraceParent", PARENT)]).await, TRACE);
    assert_ne!(trace(&[("trace-parent", PARENT)]).await, TRACE);
    assert_ne!(trace(&[("trace.parent", PARENT)]).await, TRACE);
}

#[tokio::test]
async fn several_parents_are_none() {
    assert_ne!(trace(&[("traceparent", PARENT), ("traceparent", PARENT)]).await, TRACE);
    let other = "00-12345678901234567890123456789011-1234567890123456-01";
    let began = trace(&[("traceparent", other), ("traceparent", PARENT)]).await;
    assert!(!began.starts_with("1234567890"));
}

#[tokio::test]
async fn only_the_flag_that_is_known_counts() {
    for (flags, sampled) in [("01", true), ("00", false), ("ff", true), ("fe", false), ("03", true), ("02", false)] {
        let parent = format!("00-12345678901234567890123456789012-1234567890123456-{flags}");
        let rig = Rig::new();
        let context = through(&rig.tracer.requests("sum"), &[("traceparent", &parent)]).await;
        assert_eq!(context.trace().unwrap().is_sampled(), sampled, "{flags}");
    }
}

#[tokio::test]
async fn a_call_is_written_as_version_00_with_its_own_span() {
    let rig = Rig::new();
    let context = through(&rig.tracer.calls("next"), &[]).await;
    let trace = context.trace().unwrap();
    let expected = format!("00-{}-{}-01", trace.trace_id(), trace.span_id());
    assert_eq!(context.metadata().get("traceparent"), Some(&*expected));
}

#[tokio::test]
async fn a_state_goes_on_as_it_came() {
    assert_eq!(passed_on(&["foo=1,bar=2"]).await.as_deref(), Some("foo=1,bar=2"));
    assert_eq!(passed_on(&["foo=1"]).await.as_deref(), Some("foo=1"));
    assert_eq!(passed_on(&[]).await, None);
}

#[tokio::test]
async fn a_state_without_a_valid_parent_goes_nowhere() {
    assert_eq!(passed_on_with("00-00000000000000000000000000000000-1234567890123456-01", &["foo=1"]).await, None);
    let rig = Rig::new();
    let context = through(&rig.tracer.requests("sum"), &[("tracestate", "foo=1")]).await;
    assert_eq!(context.metadata().get("tracestate"), None);
}

#[tokio::test]
async fn states_in_several_headers_are_one() {
    assert_eq!(
        passed_on(&["foo=1,bar=2", "rojo=1,congo=2", "baz=3"]).await.as_deref(),
        Some("foo=1,bar=2,rojo=1,congo=2,baz=3")
    );
    assert_eq!(passed_on(&["foo=1", ""]).await.as_deref(), Some("foo=1"));
    assert_eq!(passed_on(&["", "foo=1"]).await.as_deref(), Some("foo=1"));
    assert_eq!(passed_on(&["foo=1,", "bar=2"]).await.as_deref(), Some("foo=1,bar=2"));
    assert_eq!(passed_on(&["foo=1,\t bar=2 ", "baz=3"]).await.as_deref(), Some("foo=1,bar=2,baz=3"));
}

#[tokio::test]
async fn a_malformed_state_goes_nowhere_and_the_parent_stands() {
    let long_key = format!("{}=1", "z".repeat(257));
    let long_tenant = format!("{}@v=1", "t".repeat(242));
    let long_system = format!("t@{}=1", "v".repeat(15));
    let long_value = format!("foo={}", "1".repeat(257));
    let bad = [
        "foo",
        "foo=",
        "=1",
        "foo =1",
        "FOO=1",
        "foo.bar=1",
        "foo=1=2",
        "foo@=1,bar=2",
        "@foo=1,bar=2",
        "foo@@bar=1,bar=2",
        "foo@bar@baz=1,bar=2",
        "foo@1bar=1",
        "foo=bar\tbaz",
        "foo=1,bar",
        &long_key,
        &long_tenant,
        &long_system,
        &long_value,
    ];
    for bad in bad {
        assert_eq!(passed_on(&[bad]).await, None, "{bad}");
        assert_eq!(trace(&[("traceparent", PARENT), ("tracestate", bad)]).await, TRACE, "{bad}");
    }
}

#[tokio::test]
async fn all_that_a_state_may_hold_goes_on() {
    let long_key = format!("{}=1", "z".repeat(256));
    let long_multi = format!("{}@{}=1", "t".repeat(241), "v".repeat(14));
    let long_value = format!("foo={}", "1".repeat(256));
    let good =
        ["a0_-*/=1", "1foo=1", "1tenant@system=1", "foo=  1 !", "foo=1,,,bar=2", &long_key, &long_multi, &long_value];
    for good in good {
        assert_eq!(passed_on(&[good]).await.as_deref(), Some(good));
    }
}

#[tokio::test]
async fn a_state_has_32_entries_at_most() {
    let entries = |n: usize| (0..n).map(|n| format!("bar{n:02}={n:02}")).collect::<Vec<_>>().join(",");
    assert_eq!(passed_on(&[&entries(32)]).await, Some(entries(32)));
    assert_eq!(passed_on(&[&entries(33)]).await, None);
    assert_eq!(passed_on(&[&entries(32), "one=more"]).await, None);
}

#[tokio::test]
async fn of_a_state_that_is_too_long_long_entries_go_first_and_then_the_last() {
    let entry = |name: &str, length: usize| format!("{name}={}", "x".repeat(length - name.len() - 1));
    let long = format!("{},{},{}", entry("a", 100), entry("b", 200), entry("c", 250));
    assert_eq!(passed_on(&[&long]).await, Some(format!("{},{}", entry("a", 100), entry("b", 200))));
    let many = (0..8).map(|n| entry(&format!("k{n}"), 100)).collect::<Vec<_>>();
    assert_eq!(passed_on(&[&many.join(",")]).await, Some(many[..5].join(",")));
}

#[tokio::test]
async fn a_state_is_exported_with_the_spans() {
    let rig = Rig::new();
    drop(through(&rig.tracer.requests("sum"), &[("traceparent", PARENT), ("tracestate", "foo=1,bar=2")]).await);
    assert_eq!(rig.span().await.span_context.trace_state().header(), "foo=1,bar=2");
}

#[tokio::test]
async fn a_service_that_is_called_without_a_layer_of_tracing_does_not_cut_the_trace() {
    let rig = Rig::new();
    let incoming = through(&rig.tracer.requests("sum"), &[("traceparent", PARENT)]).await;
    assert_eq!(incoming.outgoing().metadata().get("traceparent"), Some(PARENT));
    let off = towerkit_tracing::Tracer::off();
    let request = request(&[("traceparent", PARENT)]);
    let service = tower::Layer::layer(&off.requests("sum"), crate::support::echo());
    let context = tower::ServiceExt::oneshot(service, request).await.unwrap();
    assert_eq!((context.trace(), context.metadata().get("traceparent")), (None, Some(PARENT)));
}
