//! What goes along with a trace.

use tower::{Layer, Service, ServiceExt, service_fn};
use towerkit_endpoint::{Context, Request};
use towerkit_tracing::Baggage;

use crate::support::{Rig, attribute, echo, request, through};

/// What a handler finds of baggage that came so, where `tenant` and `user` are listed.
async fn read(headers: &[&str]) -> Vec<(String, String)> {
    let rig = Rig::with(|builder| builder.baggage(["tenant", "user"]));
    let headers: Vec<_> = headers.iter().map(|header| ("baggage", *header)).collect();
    let context = through(&rig.tracer.requests("sum"), &headers).await;
    let found = context.get::<Baggage>().cloned().unwrap_or_default();
    found.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn only_what_is_listed_is_taken() {
    assert_eq!(read(&["tenant=blue,secret=1,user=ada"]).await, pairs(&[("tenant", "blue"), ("user", "ada")]));
    assert_eq!(read(&["secret=1"]).await, []);
    assert_eq!(read(&[]).await, []);
}

#[tokio::test]
async fn the_form_is_that_of_the_standard() {
    assert_eq!(
        read(&["tenant = blue ;p=1;q , user=a%20%C3%A9%2C"]).await,
        pairs(&[("tenant", "blue"), ("user", "a é,")])
    );
    assert_eq!(read(&["tenant=blue", "user=ada"]).await, pairs(&[("tenant", "blue"), ("user", "ada")]));
    assert_eq!(read(&["tenant=a=b"]).await, pairs(&[("tenant", "a=b")]));
    assert_eq!(read(&["tenant="]).await, pairs(&[("tenant", "")]));
    assert_eq!(read(&["tenant=1,tenant=2"]).await, pairs(&[("tenant", "2")]));
    assert_eq!(read(&["tenant=%ff"]).await, pairs(&[("tenant", "\u{fffd}")]));
    assert_eq!(read(&["tenant", ",,", "=1", "Tenant=1", "tenant %=1"]).await, []);
}

#[tokio::test]
async fn what_is_beyond_the_limits_of_the_standard_is_not_read() {
    let before = |n: usize| format!("{}tenant=blue", "a=1,".repeat(n));
    assert_eq!(read(&[&before(63)]).await, pairs(&[("tenant", "blue")]));
    assert_eq!(read(&[&before(64)]).await, []);
    let long = |n: usize| format!("tenant={}", "x".repeat(n - 7));
    assert_eq!(read(&[&long(8192)]).await.len(), 1);
    assert_eq!(read(&[&long(8193)]).await, []);
    assert_eq!(read(&[&long(8000), &long(300)]).await.len(), 1);
}

#[tokio::test]
async fn it_goes_along_with_outgoing_calls_and_nothing_else_does() {
    let rig = Rig::with(|builder| builder.baggage(["tenant", "user"]));
    let next = rig.tracer.calls("next").layer(echo());
    let service =
        rig.tracer.requests("sum").layer(service_fn(move |request: Request<()>| next.clone().call(request.outgoing())));
    let called = service.oneshot(request(&[("baggage", "tenant=a%20b%2Cc,other=1")])).await.unwrap();
    assert_eq!(called.metadata().get("baggage"), Some("tenant=a%20b%2Cc"));
}

#[tokio::test]
async fn what_a_service_adds_is_sent_where_it_is_listed() {
    let rig = Rig::with(|builder| builder.baggage(["tenant"]));
    let mut context = Context::new();
    context.carry(Baggage::default().with("tenant", "é\"\\;").with("secret", "1"));
    let called = rig.tracer.calls("next").layer(echo()).oneshot(Request::with_context(context, ())).await.unwrap();
    assert_eq!(called.metadata().get("baggage"), Some("tenant=%C3%A9%22%5C%3B"));
}

#[tokio::test]
async fn what_is_too_long_is_not_sent() {
    let rig = Rig::with(|builder| builder.baggage(["a", "b", "c"]));
    let mut context = Context::new();
    context.carry(Baggage::default().with("a", "1").with("b", "x".repeat(9000)).with("c", "3"));
    let called = rig.tracer.calls("next").layer(echo()).oneshot(Request::with_context(context, ())).await.unwrap();
    assert_eq!(called.metadata().get("baggage"), Some("a=1,c=3"));
}

#[tokio::test]
async fn it_is_written_into_spans_where_that_is_asked_for() {
    let rig = Rig::with(|builder| builder.baggage(["tenant"]).baggage_attributes());
    drop(through(&rig.tracer.requests("sum"), &[("baggage", "tenant=blue,secret=1")]).await);
    let span = rig.span().await;
    assert_eq!(attribute(&span, "baggage.tenant").as_deref(), Some("blue"));
    assert!(!format!("{span:?}").contains("secret"));
    let rig = Rig::with(|builder| builder.baggage(["tenant"]));
    drop(through(&rig.tracer.requests("sum"), &[("baggage", "tenant=blue")]).await);
    assert_eq!(attribute(&rig.span().await, "baggage.tenant"), None);
}

#[test]
fn its_values_are_nobody_s_business() {
    assert_eq!(format!("{:?}", Baggage::default().with("tenant", "secret")), r#"{"tenant"}"#);
}
