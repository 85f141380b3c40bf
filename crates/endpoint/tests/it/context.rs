use std::time::Duration;

use tokio::time::{Instant, advance};
use towerkit_endpoint::{Code, Context, timeout};

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
fn an_outgoing_call_carries_what_is_listed_by_name() {
    let outgoing = incoming().outgoing_with(["x-tenant", "x-not-there", "not a name"]);
    assert_eq!(outgoing.metadata().get("x-tenant"), Some("blue"));
    assert_eq!(outgoing.metadata().iter().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_outgoing_call_has_the_time_that_is_left() {
    let mut context = Context::new();
    context.shorten_deadline_to(Duration::from_secs(2));
    advance(Duration::from_millis(500)).await;
    let mut outgoing = context.outgoing();
    outgoing.announce_timeout();
    assert_eq!(outgoing.metadata().get(timeout::HEADER), Some("1500m"));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_can_only_be_shortened() {
    let mut context = Context::new();
    context.shorten_deadline_to(Duration::from_secs(1));
    context.shorten_deadline_to(Duration::from_secs(5));
    assert_eq!(context.remaining(), Some(Duration::from_secs(1)));
    context.shorten_deadline_until(Instant::now());
    assert_eq!(context.remaining(), Some(Duration::ZERO));
    context.shorten_deadline_to(Duration::MAX);
    assert_eq!(context.remaining(), Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_peers_timeout_shortens_the_deadline_and_is_taken_out_of_the_metadata() {
    let mut context = Context::new();
    context.shorten_deadline_to(Duration::from_secs(1));
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
