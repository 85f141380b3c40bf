use std::time::Duration;

use tokio::time::{Instant, advance};
use towerkit_endpoint::{Code, Context, SpanId, TraceContext, TraceId, Via, timeout};

#[derive(Clone, Debug, PartialEq)]
struct Span(u32);

#[derive(Clone, Debug, PartialEq)]
struct Claims(&'static str);

fn incoming() -> Context {
    let mut context = Context::new();
    for (name, value) in [
        ("authorization", "Bearer t"),
        ("cookie", "session=1"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-tenant", "blue"),
    ] {
        context.metadata_mut().set(name, value).unwrap();
    }
    context.set_peer(Some("127.0.0.1:1".parse().unwrap()));
    context.insert(Claims("ada"));
    context.carry(Span(7));
    context
}

#[test]
fn an_outgoing_call_carries_the_trace_and_nothing_else() {
    let outgoing = incoming().outgoing();
    let names: Vec<_> = outgoing.metadata().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["traceparent"]);
    assert_eq!(outgoing.get::<Span>(), Some(&Span(7)));
    assert_eq!(outgoing.get::<Claims>(), None);
    assert_eq!(outgoing.peer(), None);
}

#[test]
fn an_outgoing_call_belongs_to_the_same_trace_and_came_by_nothing() {
    let mut context = incoming();
    let trace = TraceContext::new(TraceId::new(1).unwrap(), SpanId::new(2).unwrap(), true);
    context.set_trace(Some(trace));
    context.set_via(Some(Via::Http { method: http::Method::GET, path: "/sum?token=secret".parse().unwrap() }));
    assert_eq!((context.outgoing().trace(), context.outgoing().via()), (Some(trace), None));
    let clone = context.clone();
    assert_eq!((clone.trace(), clone.via()), (Some(trace), context.via()));
    // What holds nothing else is cloned word by word.
    let mut light = Context::new();
    light.set_trace(Some(trace));
    assert_eq!(light.clone().trace(), Some(trace));
    light.set_via(Some(Via::Grpc { path: None }));
    assert_eq!(light.clone().via(), light.via());
}

#[test]
fn what_is_shown_of_a_context_has_no_query() {
    let mut context = Context::new();
    context.set_via(Some(Via::Http { method: http::Method::GET, path: "/sum?token=secret".parse().unwrap() }));
    let shown = format!("{context:?}");
    assert!(shown.contains("http GET /sum") && !shown.contains("secret"), "{shown}");
}

#[test]
fn an_id_is_not_zero_and_is_written_as_lower_case_hex() {
    assert_eq!((TraceId::new(0), SpanId::from_bytes([0; 8])), (None, None));
    let trace = TraceId::from_bytes([0xab, 0, 1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]).unwrap();
    assert_eq!(trace.to_string(), format!("{:032x}", trace.get()));
    assert_eq!(SpanId::new(0xf0).unwrap().to_string(), "00000000000000f0");
}

#[test]
fn an_outgoing_call_carries_what_is_listed_by_name() {
    let outgoing = incoming().outgoing_with(["x-tenant", "x-not-there", "not a name"]);
    assert_eq!(outgoing.metadata().get("x-tenant"), Some("blue"));
    assert_eq!(outgoing.metadata().iter().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_outgoing_call_has_the_time_that_is_left() {
    let mut context = Context::new();
    context.shorten_deadline_within(Duration::from_secs(2));
    advance(Duration::from_millis(500)).await;
    let mut outgoing = context.outgoing();
    outgoing.announce_timeout();
    assert_eq!(outgoing.metadata().get(timeout::HEADER), Some("1500m"));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_can_only_be_shortened() {
    let mut context = Context::new();
    context.shorten_deadline_within(Duration::from_secs(1));
    context.shorten_deadline_within(Duration::from_secs(5));
    assert_eq!(context.remaining(), Some(Duration::from_secs(1)));
    context.shorten_deadline_until(Instant::now());
    assert_eq!(context.remaining(), Some(Duration::ZERO));
    context.shorten_deadline_within(Duration::MAX);
    assert_eq!(context.remaining(), Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_peers_timeout_shortens_the_deadline_and_is_taken_out_of_the_metadata() {
    let mut context = Context::new();
    context.shorten_deadline_within(Duration::from_secs(1));
    context.metadata_mut().insert(timeout::HEADER, "250m".parse().unwrap());
    context.accept_timeout().unwrap();
    assert_eq!(context.remaining(), Some(Duration::from_millis(250)));
    context.metadata_mut().insert(timeout::HEADER, "9H".parse().unwrap());
    context.accept_timeout().unwrap();
    assert_eq!(context.remaining(), Some(Duration::from_millis(250)));
    assert!(context.metadata().is_empty());
}

#[test]
fn a_timeout_that_is_none_is_an_invalid_argument_that_names_the_header() {
    let mut context = Context::new();
    context.metadata_mut().insert(timeout::HEADER, "soon".parse().unwrap());
    let error = context.accept_timeout().unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.violations()[0].field, "towerkit-timeout");
}
