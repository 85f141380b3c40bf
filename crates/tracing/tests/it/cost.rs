//! What a request costs in allocations.

use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use tower::util::ServiceFn;
use tower::{Layer, Service, service_fn};
use towerkit_endpoint::{Context, Error, Request, Via};
use towerkit_tracing::{Sampler, Tracer};

use crate::support::Kept;

type Answer = fn(Request<u64>) -> Ready<Result<u64, Error>>;

/// Allocations of a hundred calls by hand, without a runtime; those of the requests not counted.
fn allocations<L>(layer: &L, request: impl Fn() -> Request<u64>) -> u64
where
    L: Layer<ServiceFn<Answer>, Service: Service<Request<u64>, Response = u64, Error = Error>>,
{
    let mut service = layer.layer(service_fn((|request| ready(Ok(request.into_message()))) as Answer));
    let mut cx = TaskContext::from_waker(Waker::noop());
    let mut call = |request| {
        assert!(service.poll_ready(&mut cx).is_ready());
        assert!(matches!(pin!(service.call(request)).poll(&mut cx), Poll::Ready(Ok(7))));
    };
    (0..10).for_each(|_| call(request())); // the queue grows
    let mut requests: Vec<_> = (0..100).map(|_| request()).collect();
    allocation_counter::measure(|| requests.drain(..).for_each(&mut call)).count_total
}

fn plain() -> Request<u64> {
    Request::new(7)
}

fn over_http() -> Request<u64> {
    let mut context = Context::new();
    context.set_via(Some(Via::Http { method: http::Method::GET, path: "/sum".parse().unwrap() }));
    context.set_peer(Some("192.0.2.7:4711".parse().unwrap()));
    let metadata = context.metadata_mut();
    metadata.set("host", "shop.test:80").unwrap();
    metadata.set("user-agent", "curl/8").unwrap();
    metadata.set("traceparent", "00-12345678901234567890123456789012-1234567890123456-00").unwrap();
    metadata.set("tracestate", "foo=1,bar=2").unwrap();
    Request::with_context(context, 7)
}

fn sampled() -> Request<u64> {
    let mut request = over_http();
    let metadata = request.context_mut().metadata_mut();
    metadata.set("traceparent", "00-12345678901234567890123456789012-1234567890123456-01").unwrap();
    metadata.remove("tracestate");
    request
}

fn tracer(sampler: Sampler) -> (Tracer, towerkit_tracing::Exporter) {
    let (tracer, exporter) = Tracer::builder("addsvc").sampler(sampler).export(Kept::default()).build();
    (tracer, exporter.queue(100_000))
}

#[test]
fn a_request_that_is_not_recorded_allocates_nothing() {
    let (never, _exporter) = tracer(Sampler::never());
    assert_eq!(allocations(&never.requests("sum"), plain), 0);
    assert_eq!(allocations(&never.requests("sum"), over_http), 0);
    assert_eq!(allocations(&Tracer::off().requests("sum"), over_http), 0);
    assert_eq!(allocations(&never.attempts(), over_http), 0);
    let (ratio, _exporter) = tracer(Sampler::ratio(0.0));
    assert_eq!(allocations(&ratio.requests("sum"), plain), 0);
}

#[test]
fn what_a_recorded_request_allocates_is_as_the_docs_say() {
    let (always, _exporter) = tracer(Sampler::always());
    let (least, most) = (allocations(&always.requests("sum"), plain), allocations(&always.requests("sum"), sampled));
    // The queue grows besides.
    let (least, most) = (least / 100, most / 100);
    assert!((1..=6).contains(&least), "{least}");
    assert!((5..=12).contains(&most), "{most}");
    println!("recorded: {least} plain, {most} over HTTP");
}

#[test]
fn what_a_call_allocates_is_as_the_docs_say() {
    let (never, _exporter) = tracer(Sampler::never());
    let (always, _exporter2) = tracer(Sampler::always());
    let (least, most) = (allocations(&never.calls("sum"), plain), allocations(&always.calls("sum"), plain));
    let (least, most) = (least / 100, most / 100);
    assert!(least <= 4, "{least}");
    assert!(most <= least + 6, "{most}");
    println!("a call: {least} not recorded, {most} recorded");
    assert_eq!(allocations(&Tracer::off().calls("sum"), over_http), 0);
}

#[test]
fn a_span_that_is_not_recorded_allocates_nothing() {
    let (never, _exporter) = tracer(Sampler::never());
    let cost = allocation_counter::measure(|| {
        let span = never.span("job");
        let child = span.child("query");
        child.set_attribute("rows", 7);
        child.add_event("found", []);
    });
    assert_eq!(cost.count_total, 0);
}
