//! Whatever a peer writes into its headers, nothing breaks, and what goes on is well-formed.

use std::future::ready;
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use tower::{Layer, Service, service_fn};
use towerkit_endpoint::{Context, Error, Request};
use towerkit_tracing::{Propagation, Sampler, Tracer};

const NAMES: [&str; 9] = [
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "baggage",
];

fn call<S: Service<Request<()>, Response = Context, Error = Error>>(mut service: S, context: Context) -> Context {
    let mut cx = TaskContext::from_waker(Waker::noop());
    match pin!(service.call(Request::with_context(context, ()))).poll(&mut cx) {
        Poll::Ready(Ok(context)) => context,
        _ => unreachable!("it answers at once"),
    }
}

/// A request with such headers, and a call made for it.
fn passes(headers: &[(&str, Vec<u8>)]) -> Result<(), TestCaseError> {
    let (tracer, _exporter) = Tracer::builder("a")
        .sampler(Sampler::ratio(0.5))
        .baggage(["tenant"])
        .writes([Propagation::W3c, Propagation::B3Single, Propagation::B3Multi])
        .build();
    let mut context = Context::new();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            context.metadata_mut().append(name.parse::<HeaderName>().unwrap(), value);
        }
    }
    let echo = || service_fn(|request: Request<()>| ready(Ok::<_, Error>(request.into_parts().0)));
    let incoming = call(tracer.requests("sum").layer(echo()), context);
    let outgoing = call(tracer.calls("next").layer(echo()), incoming.outgoing());

    let (here, there) = (incoming.trace().unwrap(), outgoing.trace().unwrap());
    prop_assert_eq!(here.trace_id(), there.trace_id());
    prop_assert_eq!(here.is_sampled(), there.is_sampled());
    let get = |name| outgoing.metadata().get(name).unwrap_or_default();
    let sampled = u8::from(there.is_sampled());
    prop_assert_eq!(get("traceparent"), format!("00-{}-{}-0{sampled}", there.trace_id(), there.span_id()));
    let b3 = format!("{}-{}-", there.trace_id(), there.span_id());
    prop_assert!(get("b3").starts_with(&b3));
    prop_assert!(get("tracestate").len() <= 512 && get("baggage").len() <= 8192);
    // What went out is read alike by the next.
    let next = call(tracer.requests("sum").layer(echo()), outgoing.clone());
    prop_assert_eq!(next.trace().unwrap().trace_id(), there.trace_id());
    prop_assert_eq!(next.metadata().get("tracestate"), outgoing.metadata().get("tracestate"));
    Ok(())
}

fn hexish() -> impl Strategy<Value = Vec<u8>> {
    "[0-9a-fA-F.-]{0,3}-?([0-9a-f]{32}|[0-9a-f]{16}|0{32}|[0-9a-fA-F]{0,40})-([0-9a-f]{16}|0{16}|[0-9a-f]{0,20})-?([01d]|[0-9a-f]{2})?(-[0-9a-z-]{0,20})?"
        .prop_map(String::into_bytes)
}

fn stateish() -> impl Strategy<Value = Vec<u8>> {
    "([a-z0-9_@*/-]{0,20}=[ -~]{0,40}[,;\t ]{0,2}){0,40}|(tenant=[a-z%0-9]{0,30},?){0,70}".prop_map(String::into_bytes)
}

proptest! {
    #[test]
    fn any_bytes(headers in prop::collection::vec((prop::sample::select(&NAMES[..]), prop::collection::vec(any::<u8>(), 0..100)), 0..12)) {
        passes(&headers)?;
    }

    #[test]
    fn what_looks_like_ids(headers in prop::collection::vec((prop::sample::select(&NAMES[..]), prop_oneof![hexish(), stateish()]), 0..12)) {
        passes(&headers)?;
    }
}
