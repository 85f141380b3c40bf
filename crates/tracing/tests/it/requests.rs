//! The span of a request.

use std::future::{pending, ready};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;
use tower::{Layer, Service, ServiceExt, service_fn};
use towerkit_endpoint::{BoxError, Code, Context, Ending, Error, Request, Tail, Via};
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::{Probe, ProbeError};
use towerkit_tracing::{Sampler, Span, Tracer};

use crate::support::{Rig, attribute, echo, find, request, text, through};

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";

#[tokio::test(start_paused = true)]
async fn the_layer_keeps_the_laws_recording_and_not() {
    let probe =
        || Probe::with_errors(|_: Request<()>| (), |why: ProbeError| Error::from(Code::Unavailable).with_source(why));
    for sampler in [Sampler::always(), Sampler::never()] {
        let rig = Rig::with(|builder| builder.sampler(sampler));
        let tracer = rig.tracer.clone();
        Contract::with_probe(
            probe,
            move |probe| tracer.requests("sum").layer(probe),
            || request(&[("traceparent", PARENT)]),
        )
        .check()
        .await;
    }
    Contract::with_probe(probe, |probe| Tracer::off().requests("sum").layer(probe), || Request::new(())).check().await;
}

#[tokio::test(start_paused = true)]
async fn the_layer_keeps_the_laws_over_boxed_errors() {
    let rig = Rig::new();
    let probe = || Probe::with_errors(|_: Request<()>| (), |_| BoxError::from(Error::from(Code::Unavailable)));
    let tracer = rig.tracer.clone();
    Contract::with_probe(probe, move |probe| tracer.requests("sum").layer(probe), || Request::new(())).check().await;
}

/// A request that came so, answered with that.
async fn served(context: Context, answer: Result<(), Error>) -> SpanData {
    let rig = Rig::new();
    let answer = std::sync::Mutex::new(Some(answer));
    let service = service_fn(move |_: Request<()>| ready(answer.lock().unwrap().take().unwrap()));
    let _ = rig.tracer.requests("sum").layer(service).oneshot(Request::with_context(context, ())).await;
    rig.span().await
}

fn came(via: Via, headers: &[(&str, &str)]) -> Context {
    let mut context = request(headers).into_parts().0;
    context.set_via(Some(via));
    context.set_peer(Some("192.0.2.7:4711".parse().unwrap()));
    context
}

fn http(path: &str) -> Via {
    Via::Http { method: http::Method::POST, path: path.parse().unwrap() }
}

fn names(span: &SpanData) -> Vec<&str> {
    let mut names: Vec<_> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_request_over_http_is_told_by_the_conventions_without_its_query_and_headers() {
    let headers = [("host", "shop.test:8080"), ("user-agent", "curl/8"), ("authorization", "Bearer secret")];
    let span = served(came(http("/sum?token=secret"), &headers), Ok(())).await;
    assert_eq!((&*span.name, &span.span_kind, &span.status), ("sum", &SpanKind::Server, &Status::Unset));
    let get = |name| attribute(&span, name);
    assert_eq!(get("http.request.method").as_deref(), Some("POST"));
    assert_eq!(get("url.path").as_deref(), Some("/sum"));
    assert_eq!(get("server.address").as_deref(), Some("shop.test"));
    assert_eq!(get("server.port").as_deref(), Some("8080"));
    assert_eq!(get("user_agent.original").as_deref(), Some("curl/8"));
    assert_eq!(get("network.peer.address").as_deref(), Some("192.0.2.7"));
    assert_eq!(get("network.peer.port").as_deref(), Some("4711"));
    assert_eq!(span.attributes.len(), 7, "{:?}", names(&span));
    assert!(!format!("{span:?}").contains("secret"));
    assert!(span.end_time >= span.start_time);
}

#[tokio::test]
async fn what_a_peer_writes_is_cut_to_the_limits() {
    let mut limits = towerkit_tracing::Limits::default();
    (limits.attributes, limits.text) = (3, 10);
    let rig = Rig::with(|builder| builder.limits(limits));
    let context =
        came(http(&format!("/{}", "x".repeat(5000))), &[("user-agent", &"agent".repeat(200)), ("host", "a.test")]);
    let _ = rig.tracer.requests("sum").layer(echo()).oneshot(Request::with_context(context, ())).await;
    let span = rig.span().await;
    assert_eq!(attribute(&span, "url.path").as_deref(), Some("/xxxxxxxxx"));
    assert_eq!((span.attributes.len(), span.dropped_attributes_count), (3, 3));
}

#[tokio::test]
async fn a_method_that_nobody_knows_has_no_name_of_its_own() {
    let via = Via::Http { method: http::Method::from_bytes(b"BREW").unwrap(), path: "/".parse().unwrap() };
    let span = served(came(via, &[]), Ok(())).await;
    assert_eq!(attribute(&span, "http.request.method").as_deref(), Some("_OTHER"));
    assert_eq!(attribute(&span, "http.request.method_original").as_deref(), Some("BREW"));
}

#[tokio::test]
async fn a_host_may_be_an_address_or_have_no_port() {
    for (host, address, port) in
        [("[::1]:80", "[::1]", Some("80")), ("[::1]", "[::1]", None), ("a.test", "a.test", None)]
    {
        let span = served(came(http("/"), &[("host", host)]), Ok(())).await;
        assert_eq!(attribute(&span, "server.address").as_deref(), Some(address));
        assert_eq!(attribute(&span, "server.port").as_deref(), port);
    }
}

#[tokio::test]
async fn a_call_of_grpc_is_told_by_the_conventions() {
    let via = || Via::Grpc { path: "/pb.Add/Sum".parse().ok() };
    let span = served(came(via(), &[]), Ok(())).await;
    assert_eq!(attribute(&span, "rpc.system.name").as_deref(), Some("grpc"));
    assert_eq!(attribute(&span, "rpc.method").as_deref(), Some("pb.Add/Sum"));
    assert_eq!(attribute(&span, "rpc.response.status_code").as_deref(), Some("OK"));
    let span = served(came(via(), &[]), Err(Code::NotFound.into())).await;
    assert_eq!(attribute(&span, "rpc.response.status_code").as_deref(), Some("NOT_FOUND"));
    let span = served(came(Via::Grpc { path: None }, &[]), Ok(())).await;
    assert_eq!(attribute(&span, "rpc.method"), None);
}

#[tokio::test]
async fn a_call_of_json_rpc_is_told_by_the_conventions() {
    let via = || Via::JsonRpc { method: "sum".into() };
    for (code, number) in [(Code::InvalidArgument, "-32602"), (Code::Internal, "-32603"), (Code::Unavailable, "-32014")]
    {
        let span = served(came(via(), &[]), Err(code.into())).await;
        assert_eq!(attribute(&span, "rpc.system.name").as_deref(), Some("jsonrpc"));
        assert_eq!(attribute(&span, "rpc.method").as_deref(), Some("sum"));
        assert_eq!(attribute(&span, "rpc.response.status_code").as_deref(), Some(number));
    }
}

#[tokio::test]
async fn a_message_of_nats_is_consumed() {
    let span = served(came(Via::Nats { subject: "sums".into() }, &[]), Ok(())).await;
    assert_eq!(span.span_kind, SpanKind::Consumer);
    assert_eq!(attribute(&span, "messaging.system").as_deref(), Some("nats"));
    assert_eq!(attribute(&span, "messaging.destination.name").as_deref(), Some("sums"));
    assert_eq!(attribute(&span, "messaging.operation.type").as_deref(), Some("process"));
}

#[tokio::test]
async fn only_a_fault_of_the_server_makes_the_span_an_error() {
    let faults = ["unknown", "deadline_exceeded", "unimplemented", "internal", "unavailable", "data_loss"];
    for code in Code::ALL {
        let span = served(came(http("/"), &[]), Err(Error::new(code, "no more of it"))).await;
        let expected = faults.contains(&code.as_str());
        assert_eq!(span.status == Status::error("no more of it"), expected, "{code:?} {:?}", span.status);
        let told = expected || code == Code::Cancelled;
        assert_eq!(attribute(&span, "error.type").as_deref(), told.then_some(code.as_str()));
        let status: u16 = attribute(&span, "http.response.status_code").unwrap().parse().unwrap();
        assert_eq!(status, code.http_status());
        assert_eq!(status >= 500, expected, "{code:?}");
    }
}

#[tokio::test]
async fn a_status_of_the_error_s_own_is_told() {
    let error = Error::new(Code::ResourceExhausted, "too large").with_extension(StatusCode::PAYLOAD_TOO_LARGE);
    let span = served(came(http("/"), &[]), Err(error)).await;
    assert_eq!(attribute(&span, "http.response.status_code").as_deref(), Some("413"));
}

#[tokio::test]
async fn the_causes_of_a_failure_are_told_to_operators() {
    let error =
        Error::new(Code::Unavailable, "no booking just now").with_source(std::io::Error::other("shard 3 is read-only"));
    let span = served(Context::new(), Err(error)).await;
    assert_eq!(span.status, Status::error("no booking just now"));
    let [event] = &span.events[..] else { panic!("{:?}", span.events) };
    assert_eq!(event.name, "exception");
    assert_eq!(text(&event.attributes[0].value), "no booking just now: shard 3 is read-only");
    // What says no more than the code does is not said again.
    assert!(served(Context::new(), Err(Code::NotFound.into())).await.events.is_empty());
}

#[tokio::test]
async fn a_request_begins_with_its_first_poll_and_one_that_is_never_polled_has_no_span() {
    let rig = Rig::new();
    let mut service = rig.tracer.requests("sum").layer(service_fn(|_: Request<()>| ready(Ok::<_, Error>(()))));
    drop(service.call(Request::new(())));
    assert!(rig.spans().await.is_empty());

    let call = service.call(Request::new(()));
    std::thread::sleep(Duration::from_millis(2));
    let before = SystemTime::now();
    call.await.unwrap();
    assert!(rig.span().await.start_time + Duration::from_millis(1) > before);
}

#[tokio::test]
async fn a_request_that_is_dropped_was_cancelled() {
    let rig = Rig::new();
    let service = rig.tracer.requests("sum").layer(service_fn(|_: Request<()>| pending::<Result<(), Error>>()));
    let call = tokio::time::timeout(
        Duration::from_millis(1),
        service.oneshot(Request::with_context(came(http("/"), &[]), ())),
    );
    assert!(call.await.is_err());
    let span = rig.span().await;
    assert_eq!(attribute(&span, "error.type").as_deref(), Some("cancelled"));
    assert_eq!(span.status, Status::Unset);
    assert_eq!(attribute(&span, "http.response.status_code"), None, "nobody was told any");
}

#[tokio::test]
async fn a_handler_that_panics_is_a_fault() {
    type Polled = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;
    let in_poll = || -> Polled { Box::pin(async { panic!("a defect of the handler") }) };
    let in_call = || -> Polled { panic!("a defect of the handler") };
    for handler in [in_poll, in_call] {
        let rig = Rig::new();
        let service = rig.tracer.requests("sum").layer(service_fn(move |_: Request<()>| handler()));
        let call = service.oneshot(Request::with_context(came(http("/"), &[]), ()));
        assert!(tokio::spawn(call).await.unwrap_err().is_panic());
        let span = rig.span().await;
        assert_eq!(attribute(&span, "error.type").as_deref(), Some("internal"));
        assert_eq!(span.status, Status::error("the service panicked"));
        assert_eq!(attribute(&span, "http.response.status_code"), None, "nobody was told any");
    }
}

#[tokio::test]
async fn an_operation_may_have_a_name_that_is_shared() {
    let rig = Rig::new();
    let operation: std::sync::Arc<str> = "sum".into();
    drop(through(&rig.tracer.requests(std::sync::Arc::clone(&operation)), &[]).await);
    drop(through(&rig.tracer.calls(operation), &[]).await);
    assert!(rig.spans().await.iter().all(|span| span.name == "sum"));
}

#[tokio::test]
async fn a_reply_that_is_a_stream_ends_with_it() {
    for (ending, expected) in [
        (Some(Ending::Complete), None),
        (Some(Ending::Failed(Code::DataLoss)), Some("data_loss")),
        (Some(Ending::Cancelled), Some("cancelled")),
        (None, Some("cancelled")),
    ] {
        let rig = Rig::new();
        let (tail, mut context) = (Tail::new(), came(http("/"), &[]));
        context.set_tail(tail.clone());
        let service = rig.tracer.requests("list").layer(service_fn(|_: Request<()>| ready(Ok::<_, Error>(()))));
        service.oneshot(Request::with_context(context, ())).await.unwrap();
        assert_eq!(rig.tracer.stats().ended, 0, "the reply has only begun");
        match ending {
            Some(ending) => tail.end(ending),
            None => drop(tail),
        }
        let span = rig.span().await;
        assert_eq!(attribute(&span, "error.type").as_deref(), expected);
        assert_eq!(span.status == Status::Unset, expected != Some("data_loss"));
    }
}

#[tokio::test]
async fn a_stream_that_never_begins_fails_with_the_call() {
    let rig = Rig::new();
    let mut context = Context::new();
    context.set_tail(Tail::new());
    let service = rig
        .tracer
        .requests("list")
        .layer(service_fn(|_: Request<()>| ready(Err::<(), _>(Error::from(Code::Internal)))));
    let failed = service.oneshot(Request::with_context(context, ())).await;
    assert!(failed.is_err());
    assert_eq!(attribute(&rig.span().await, "error.type").as_deref(), Some("internal"));
}

#[tokio::test]
async fn an_untrusted_peer_is_linked_and_not_joined() {
    let rig = Rig::with(|builder| builder.sampler(Sampler::always()).baggage(["tenant"]));
    let unsampled = "00-12345678901234567890123456789012-1234567890123456-00";
    let headers = [("traceparent", unsampled), ("tracestate", "foo=1"), ("b3", "0"), ("baggage", "tenant=blue")];
    let context = through(&rig.tracer.requests("sum").untrusted(), &headers).await;

    let trace = context.trace().unwrap();
    assert!(trace.is_sampled(), "the peer has no say in it");
    assert!(!trace.trace_id().to_string().starts_with("12345"));
    assert!(context.outgoing().metadata().is_empty(), "what it said goes no further");
    assert!(context.get::<towerkit_tracing::Baggage>().is_none());

    let span = rig.span().await;
    assert_eq!(span.parent_span_id, opentelemetry::SpanId::INVALID);
    let [link] = &span.links[..] else { panic!("{:?}", span.links) };
    assert_eq!(link.span_context.trace_id().to_string(), "12345678901234567890123456789012");
    assert_eq!(link.span_context.span_id().to_string(), "1234567890123456");
    assert_eq!(span.span_context.trace_state().header(), "");
}

#[tokio::test]
async fn a_layer_within_another_is_below_it_and_not_beside() {
    let rig = Rig::new();
    let service = rig.tracer.requests("outer").layer(rig.tracer.requests("inner").layer(echo()));
    service.oneshot(request(&[("traceparent", PARENT)])).await.unwrap();
    let spans = rig.spans().await;
    let (outer, inner) = (find(&spans, "outer"), find(&spans, "inner"));
    assert_eq!(outer.parent_span_id.to_string(), "1234567890123456");
    assert_eq!(inner.parent_span_id, outer.span_context.span_id());
    assert!(outer.parent_span_is_remote && !inner.parent_span_is_remote);
}

#[tokio::test]
async fn the_handler_has_the_span_where_it_is_recorded_and_only_there() {
    let rig = Rig::new();
    let context = through(&rig.tracer.requests("sum"), &[]).await;
    assert_eq!(context.get::<Span>().unwrap().trace(), context.trace());
    let never = rig.tracer.requests("sum").sampler(Sampler::never());
    let context = through(&never, &[]).await;
    assert!(context.get::<Span>().is_none());
    assert!(!context.trace().unwrap().is_sampled());
}

#[tokio::test]
async fn what_a_handler_tells_after_the_end_is_not_heard() {
    let rig = Rig::new();
    let context = through(&rig.tracer.requests("sum"), &[]).await;
    let span = Span::of(&context);
    assert!(!span.is_recording());
    span.set_attribute("late", true);
    span.end();
    assert_eq!(attribute(&rig.span().await, "late"), None);
}
