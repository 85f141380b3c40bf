//! What a call's span tells of its attempts.

use std::future::{Ready, pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use opentelemetry::trace::{Event, Status};
use opentelemetry_sdk::trace::SpanData;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use towerkit_endpoint::{Code, Error, Request};
use towerkit_retry::{Backoff, HedgeLayer, RetryLayer};
use towerkit_testing::contract::Contract;
use towerkit_testing::events::Events;
use towerkit_testing::probe::{Probe, ProbeError};
use towerkit_tracing::{Sampler, Tracer};

use crate::support::{Rig, attribute, text};

#[tokio::test(start_paused = true)]
async fn the_layer_keeps_the_laws() {
    let probe =
        || Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(Code::Unavailable).with_source(why));
    let rig = Rig::new();
    let tracer = rig.tracer.clone();
    Contract::with_probe(probe, move |probe| tracer.attempts().layer(probe), || Request::new(())).check().await;
    for as_spans in [false, true] {
        let tracer = rig.tracer.clone();
        let wrap = move |probe| {
            let attempts = if as_spans { tracer.attempts().as_spans() } else { tracer.attempts() };
            tracer.calls("sum").layer(attempts.layer(probe))
        };
        Contract::with_probe(probe, wrap, || Request::new(())).check().await;
    }
    Contract::with_probe(probe, |probe| Tracer::off().attempts().layer(probe), || Request::new(())).check().await;
}

type Fails = Arc<AtomicU32>;

/// A client that fails so many times, and replies with the `traceparent` of the call.
fn failing(
    times: u32,
) -> impl Service<Request<()>, Response = String, Error = Error, Future = Ready<Result<String, Error>>> + Clone {
    failing_seen(times, Events::new())
}

/// One that also tells the `traceparent` of each call, those that fail too.
fn failing_seen(
    times: u32,
    seen: Events<String>,
) -> impl Service<Request<()>, Response = String, Error = Error, Future = Ready<Result<String, Error>>> + Clone {
    let left: Fails = Arc::new(AtomicU32::new(times));
    service_fn(move |request: Request<()>| {
        let fails = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let sent = request.context().metadata().get("traceparent").unwrap_or_default().to_owned();
        seen.push(sent.clone());
        ready(if fails {
            Err(Error::new(Code::Unavailable, "closed").with_source(std::io::Error::other("door 3")))
        } else {
            Ok(sent)
        })
    })
}

fn retry(attempts: u32) -> RetryLayer {
    RetryLayer::new().idempotent().attempts(attempts).backoff(Backoff::none())
}

/// One call that fails so many times before it goes well, if it may.
async fn called(fails: u32, attempts: u32) -> (SpanData, Result<String, Error>) {
    let rig = Rig::new();
    let service = ServiceBuilder::new()
        .layer(rig.tracer.calls("sum"))
        .layer(retry(attempts))
        .layer(rig.tracer.attempts())
        .service(failing(fails));
    let result = service.oneshot(Request::new(())).await;
    (rig.span().await, result)
}

/// The number of the attempt, how it failed, and what was said.
fn told(event: &Event) -> (i64, Option<String>, Option<String>) {
    assert_eq!(event.name, "attempt");
    let get = |name| event.attributes.iter().find(|a| a.key.as_str() == name).map(|found| text(&found.value));
    (get("attempt.number").unwrap().parse().unwrap(), get("error.type"), get("exception.message"))
}

#[tokio::test]
async fn each_attempt_is_an_event_of_the_call_s_span() {
    let (span, result) = called(2, 3).await;
    let failed = |number| (number, Some("unavailable".to_owned()), Some("closed: door 3".to_owned()));
    let events: Vec<_> = span.events.iter().map(told).collect();
    assert_eq!(events, [failed(1), failed(2), (3, None, None)]);
    assert_eq!(span.status, Status::Unset, "the call went well");
    assert!(
        result.unwrap().contains(&span.span_context.span_id().to_string()),
        "the span of the call is what was sent"
    );
}

#[tokio::test]
async fn a_call_that_goes_well_at_once_has_nothing_to_tell() {
    let (span, _) = called(0, 3).await;
    assert!(span.events.is_empty());
}

#[tokio::test]
async fn a_call_that_is_given_up_tells_of_each_and_fails_once() {
    let (span, result) = called(9, 3).await;
    assert!(result.is_err());
    assert_eq!(span.events.iter().filter(|event| event.name == "attempt").count(), 3);
    assert_eq!(span.status, Status::error("closed"));
    assert_eq!(attribute(&span, "error.type").as_deref(), Some("unavailable"));
}

#[tokio::test]
async fn an_attempt_that_is_never_polled_is_not_told() {
    for as_spans in [false, true] {
        let rig = Rig::new();
        let layer = rig.tracer.attempts();
        let layer = if as_spans { layer.as_spans() } else { layer };
        let mut attempts = layer.layer(service_fn(|_: Request<()>| pending::<Result<(), Error>>()));
        let mut request = Request::new(());
        let call = rig.tracer.span("sum");
        call.set_in(request.context_mut());
        drop(attempts.call(request));
        drop(call);
        assert!(rig.span().await.events.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_cut_off_is_told() {
    let rig = Rig::new();
    let hanging = service_fn(|_: Request<()>| pending::<Result<(), Error>>());
    let service = ServiceBuilder::new()
        .layer(rig.tracer.calls("sum"))
        .layer(retry(2).attempt_timeout(Duration::from_secs(1)))
        .layer(rig.tracer.attempts())
        .service(hanging);
    assert!(service.oneshot(Request::new(())).await.is_err());
    let span = rig.span().await;
    let attempts: Vec<_> = span.events.iter().filter(|event| event.name == "attempt").map(told).collect();
    assert_eq!(attempts, [(1, Some("cancelled".into()), None), (2, Some("cancelled".into()), None)]);
}

#[tokio::test(start_paused = true)]
async fn the_attempts_of_a_hedge_are_told() {
    let rig = Rig::new();
    let calls = AtomicU32::new(0);
    let first_hangs = service_fn(move |_: Request<()>| {
        let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if first {
                pending::<()>().await;
            }
            Ok::<_, Error>(())
        }
    });
    let shared = Arc::new(std::sync::Mutex::new(first_hangs));
    let service = ServiceBuilder::new()
        .layer(rig.tracer.calls("sum"))
        .layer(HedgeLayer::after(Duration::from_millis(50)).idempotent())
        .layer(rig.tracer.attempts())
        .service(service_fn(move |request| shared.lock().unwrap().call(request)));
    service.oneshot(Request::new(())).await.unwrap();
    // The one that lost is dropped with the call, before or after its span has ended.
    let span = rig.span().await;
    assert!(span.events.iter().map(told).any(|told| told == (2, None, None)), "{:?}", span.events);
}

#[tokio::test]
async fn attempts_can_be_spans_and_are_then_what_is_called_below() {
    let rig = Rig::new();
    let service = ServiceBuilder::new()
        .layer(rig.tracer.calls("sum"))
        .layer(retry(3))
        .layer(rig.tracer.attempts().as_spans())
        .service(failing(1));
    let sent = service.oneshot(Request::new(())).await.unwrap();
    let spans = rig.spans().await;
    let [first, second, call] = &spans[..] else { panic!("{spans:#?}") };
    assert_eq!((&*first.name, &*second.name, &*call.name), ("attempt", "attempt", "sum"));
    assert!([first, second].iter().all(|attempt| attempt.parent_span_id == call.span_context.span_id()));
    assert_eq!(attribute(first, "attempt.number").as_deref(), Some("1"));
    assert_eq!(attribute(first, "error.type").as_deref(), Some("unavailable"));
    assert_eq!((first.status.clone(), second.status.clone()), (Status::error("closed"), Status::Unset));
    assert!(sent.contains(&second.span_context.span_id().to_string()), "{sent}");
    assert!(call.events.is_empty());
}

#[tokio::test]
async fn a_call_that_is_not_recorded_is_sent_alike_each_time() {
    let rig = Rig::with(|builder| builder.sampler(Sampler::never()));
    for attempts in [rig.tracer.attempts(), rig.tracer.attempts().as_spans()] {
        let seen = Events::new();
        let client = failing_seen(2, seen.clone());
        let service =
            ServiceBuilder::new().layer(rig.tracer.calls("sum")).layer(retry(3)).layer(attempts).service(client);
        let sent = service.oneshot(Request::new(())).await.unwrap();
        assert!(sent.ends_with("-00"), "{sent}");
        let seen = seen.snapshot();
        assert!(seen.len() == 3 && seen.iter().all(|each| *each == sent), "{seen:?}");
    }
    assert_eq!(rig.spans().await, []);
}
