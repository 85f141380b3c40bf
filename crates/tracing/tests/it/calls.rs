//! The span of a call.

use std::future::{pending, ready};
use std::time::Duration;

use opentelemetry::trace::{SpanKind, Status};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use towerkit_endpoint::{Code, Context, Ending, Error, Request, Tail, TailLayer, Via};
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::{Probe, ProbeError};
use towerkit_tracing::{Propagation, Sampler, Tracer};

use crate::support::{Rig, attribute, echo, find, request, through};

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";

#[tokio::test(start_paused = true)]
async fn the_layer_keeps_the_laws_recording_and_not() {
    let probe =
        || Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(Code::Unavailable).with_source(why));
    for sampler in [Sampler::always(), Sampler::never()] {
        let rig = Rig::with(|builder| builder.sampler(sampler));
        let tracer = rig.tracer.clone();
        Contract::with_probe(probe, move |probe| tracer.calls("sum").layer(probe), || Request::new(())).check().await;
    }
    Contract::with_probe(probe, |probe| Tracer::off().calls("sum").layer(probe), || Request::new(())).check().await;
}

#[tokio::test]
async fn a_call_from_a_request_is_below_its_span() {
    let rig = Rig::new();
    let next = rig.tracer.calls("next").layer(echo());
    let service =
        rig.tracer.requests("sum").layer(service_fn(move |request: Request<()>| next.clone().call(request.outgoing())));
    let called = service.oneshot(request(&[("traceparent", PARENT), ("x-secret", "a")])).await.unwrap();

    let spans = rig.spans().await;
    let (sum, next) = (find(&spans, "sum"), find(&spans, "next"));
    assert_eq!(sum.parent_span_id.to_string(), "1234567890123456");
    assert_eq!(next.parent_span_id, sum.span_context.span_id());
    assert_eq!(next.span_context.trace_id().to_string(), "12345678901234567890123456789012");
    assert_eq!((&sum.span_kind, &next.span_kind), (&SpanKind::Server, &SpanKind::Client));
    let sent = format!("00-12345678901234567890123456789012-{}-01", next.span_context.span_id());
    assert_eq!(called.metadata().get("traceparent"), Some(&*sent));
    assert_eq!(called.metadata().get("x-secret"), None);
}

#[tokio::test]
async fn a_call_from_nowhere_begins_a_trace() {
    let rig = Rig::new();
    // What stands in the metadata is of whoever wrote it.
    let context =
        through(&rig.tracer.calls("next"), &[("traceparent", PARENT), ("tracestate", "foo=1"), ("b3", "0")]).await;
    let span = rig.span().await;
    assert_eq!(span.parent_span_id, opentelemetry::SpanId::INVALID);
    let sent = format!("00-{}-{}-01", span.span_context.trace_id(), span.span_context.span_id());
    assert_eq!(context.metadata().get("traceparent"), Some(&*sent));
    assert_eq!((context.metadata().get("tracestate"), context.metadata().get("b3")), (None, None));
}

#[tokio::test]
async fn several_forms_are_written_side_by_side() {
    let rig = Rig::with(|builder| builder.writes([Propagation::W3c, Propagation::B3Single, Propagation::B3Multi]));
    let context = through(&rig.tracer.calls("next"), &[]).await;
    let trace = context.trace().unwrap();
    let get = |name| context.metadata().get(name).unwrap().to_owned();
    assert_eq!(get("traceparent"), format!("00-{}-{}-01", trace.trace_id(), trace.span_id()));
    assert_eq!(get("b3"), format!("{}-{}-1", trace.trace_id(), trace.span_id()));
    assert_eq!(get("x-b3-traceid"), trace.trace_id().to_string());
    assert_eq!(context.metadata().get("x-b3-parentspanid"), None);
}

#[tokio::test]
async fn nothing_is_written_where_no_form_is_set() {
    let rig = Rig::with(|builder| builder.writes([]));
    assert!(through(&rig.tracer.calls("next"), &[]).await.metadata().is_empty());
}

#[tokio::test]
async fn a_call_says_how_and_whom_it_calls() {
    let rig = Rig::new();
    let via = Via::Http { method: http::Method::GET, path: "/sum?a=1".parse().unwrap() };
    drop(through(&rig.tracer.calls("a").via(via).server("addsvc", 8081), &[]).await);
    drop(
        through(
            &rig.tracer.calls("b").via(Via::Grpc { path: "/pb.Add/Sum".parse().ok() }).server("10.0.0.1", None),
            &[],
        )
        .await,
    );
    drop(through(&rig.tracer.calls("c").via(Via::Nats { subject: "sums".into() }), &[]).await);
    let spans = rig.spans().await;
    let get = |span, name| attribute(find(&spans, span), name);
    assert_eq!(get("a", "http.request.method").as_deref(), Some("GET"));
    assert_eq!(get("a", "url.path").as_deref(), Some("/sum"));
    assert_eq!(get("a", "server.address").as_deref(), Some("addsvc"));
    assert_eq!(get("a", "server.port").as_deref(), Some("8081"));
    assert_eq!(get("b", "rpc.method").as_deref(), Some("pb.Add/Sum"));
    assert_eq!((get("b", "server.address").as_deref(), get("b", "server.port")), (Some("10.0.0.1"), None));
    assert_eq!(get("c", "messaging.operation.type").as_deref(), Some("send"));
    assert_eq!(find(&spans, "c").span_kind, SpanKind::Producer);
}

#[tokio::test]
async fn any_failure_makes_the_span_an_error() {
    for code in Code::ALL {
        let rig = Rig::new();
        let service = service_fn(move |_: Request<()>| ready(Err::<(), _>(Error::new(code, "no"))));
        let _ = rig.tracer.calls("next").layer(service).oneshot(Request::new(())).await;
        let span = rig.span().await;
        assert_eq!(span.status, Status::error("no"));
        assert_eq!(attribute(&span, "error.type").as_deref(), Some(code.as_str()));
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_was_cancelled() {
    let rig = Rig::new();
    let via = Via::Grpc { path: None };
    let service = rig.tracer.calls("next").via(via).layer(service_fn(|_: Request<()>| pending::<Result<(), Error>>()));
    assert!(tokio::time::timeout(Duration::from_millis(1), service.oneshot(Request::new(()))).await.is_err());
    let span = rig.span().await;
    assert_eq!(attribute(&span, "error.type").as_deref(), Some("cancelled"));
    assert_eq!(attribute(&span, "rpc.response.status_code").as_deref(), Some("CANCELLED"));
    assert_eq!(span.status, Status::error("cancelled"));
}

#[tokio::test]
async fn a_reply_that_is_a_stream_ends_with_it() {
    let rig = Rig::new();
    let client = service_fn(|request: Request<()>| ready(Ok::<Tail, Error>(request.context().tail().unwrap().clone())));
    let service = ServiceBuilder::new().layer(TailLayer::new()).layer(rig.tracer.calls("list")).service(client);
    let tail = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(rig.tracer.stats().ended, 0);
    tail.end(Ending::Failed(Code::Unavailable));
    assert_eq!(attribute(&rig.span().await, "error.type").as_deref(), Some("unavailable"));
}

#[tokio::test]
async fn what_is_inside_belongs_to_the_call() {
    let rig = Rig::new();
    let seen = through(&rig.tracer.calls("next"), &[]).await;
    let span = rig.span().await;
    assert_eq!(seen.trace().unwrap().span_id().to_string(), span.span_context.span_id().to_string());
}

#[tokio::test]
async fn a_tracer_that_is_off_leaves_a_call_as_it_is() {
    let mut context = Context::new();
    context.metadata_mut().set("traceparent", PARENT).unwrap();
    let service = Tracer::off().calls("next").layer(echo());
    let seen = service.oneshot(Request::with_context(context, ())).await.unwrap();
    assert_eq!((seen.trace(), seen.metadata().get("traceparent")), (None, Some(PARENT)));
}

#[tokio::test]
async fn a_client_that_panics_has_failed() {
    let rig = Rig::new();
    let client = service_fn(|_: Request<()>| async { panic!("a defect of the client") as Result<(), Error> });
    let service = ServiceBuilder::new()
        .layer(rig.tracer.calls("next"))
        .layer(rig.tracer.attempts())
        .layer(rig.tracer.attempts().as_spans())
        .service(client);
    assert!(tokio::spawn(service.oneshot(Request::new(()))).await.unwrap_err().is_panic());
    let spans = rig.spans().await;
    for span in [find(&spans, "next"), find(&spans, "attempt")] {
        assert_eq!(attribute(span, "error.type").as_deref(), Some("internal"));
        assert_eq!(span.status, Status::error("the service panicked"));
    }
    let event = &find(&spans, "next").events[0];
    assert!(event.attributes.contains(&towerkit_tracing::KeyValue::new("error.type", "internal")), "{event:?}");
}
