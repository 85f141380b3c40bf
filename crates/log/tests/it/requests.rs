//! A request's line, and its fields in what is logged meanwhile.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::sync::Barrier;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use towerkit_endpoint::{
    CatchPanicLayer, Code, Context, Endpoint, Error, Exchange, Request, SpanId, TraceContext, TraceId, Via,
    endpoint_fn, service_fn,
};
use tracing::info;

use crate::support::{get, json, logfmt, pairs};

fn context() -> Context {
    let mut context = Context::new();
    let trace = TraceId::new(0x4bf92f3577b34da6a3ce929d0e0e4736).unwrap();
    context.set_trace(Some(TraceContext::new(trace, SpanId::new(0x00f067aa0ba902b7).unwrap(), true)));
    context.set_peer(Some(SocketAddr::from(([127, 0, 0, 1], 4000))));
    context.set_via(Some(Via::Grpc { path: None }));
    context.metadata_mut().set("x-request-id", "7f3a").unwrap();
    context.metadata_mut().set("authorization", "Bearer secret").unwrap();
    context
}

#[tokio::test(start_paused = true)]
async fn its_line_tells_all_that_is_known_of_it_and_no_header() {
    let (log, written) = logfmt();
    let log = log.with("service", "adder");
    let mut sum = log.requests("sum").layer(endpoint_fn(|(a, b): (i64, i64)| async move {
        info!("adding");
        tokio::time::sleep(Duration::from_micros(1_234_000)).await;
        Ok::<_, Error>(a + b)
    }));
    let reply = sum.ready().await.unwrap().call(Request::with_context(context(), (1, 2))).await.unwrap();
    assert_eq!(reply, 3);
    let known = [
        ("operation", "sum"),
        ("peer", "127.0.0.1:4000"),
        ("via", "grpc"),
        ("request_id", "7f3a"),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("span_id", "00f067aa0ba902b7"),
        ("service", "adder"),
    ];
    let event = [("level", "info"), ("msg", "adding")].into_iter().chain(known);
    let ended = [("level", "info"), ("msg", "request"), known[0], ("code", "ok"), ("duration_ms", "1234.000")];
    let ended = ended.into_iter().chain(known.into_iter().skip(1));
    assert_eq!(written.logfmt(), [pairs(event), pairs(ended)]);
}

#[tokio::test]
async fn its_duration_is_a_number_in_json() {
    let (log, written) = json();
    let endpoint = log.requests("op").layer(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
    endpoint.invoke(()).await.unwrap();
    let line = written.json().remove(0);
    assert!((0.0..10_000.0).contains(&line["duration_ms"].as_f64().unwrap()));
    assert_eq!((line["request_id"].as_str().unwrap().len(), line.get("err")), (16, None));
}

#[tokio::test]
async fn an_error_is_told_with_its_causes_and_its_code() {
    let (log, written) = logfmt();
    let failing = log.requests("op").layer(endpoint_fn(|()| async {
        Err::<(), _>(Error::new(Code::Unavailable, "not now").with_source(std::io::Error::other("disk\nfull")))
    }));
    failing.invoke(()).await.unwrap_err();
    let line = &written.logfmt()[0];
    assert_eq!(get(line, "err"), Some("not now: disk\nfull"));
    assert_eq!((get(line, "code"), get(line, "level")), (Some("unavailable"), Some("error")));
}

#[tokio::test]
async fn what_a_service_does_in_its_call_is_outside_of_the_request_and_what_its_future_does_inside() {
    let (log, written) = logfmt();
    let mut service = log.requests("op").layer(service_fn(|_: Request<()>| {
        info!("called");
        async {
            info!("polled");
            Ok::<_, Error>(())
        }
    }));
    let future = log.scope(|| service.call(Request::new(())));
    future.await.unwrap();
    service.call(Request::new(())).await.unwrap();
    let lines = written.logfmt();
    let told: Vec<_> = lines.iter().map(|line| (get(line, "msg").unwrap(), get(line, "operation"))).collect();
    let own = [("polled", Some("op")), ("request", Some("op"))];
    assert_eq!(told, [&[("called", None)][..], &own, &own].concat());
}

/// Says so when it is dropped.
struct Tells;

#[tokio::test(start_paused = true)]
async fn a_call_begins_with_its_first_poll_and_one_that_is_never_polled_has_no_line() {
    let (log, written) = logfmt();
    let mut service = log.requests("op").layer(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
    drop(service.call(Request::new(())));
    assert!(written.writes().is_empty(), "{:?}", written.writes());

    let call = service.call(Request::new(()));
    tokio::time::advance(Duration::from_secs(3)).await;
    call.await.unwrap();
    assert_eq!(get(&written.logfmt()[0], "duration_ms"), Some("0.000"));
}

impl Drop for Tells {
    fn drop(&mut self) {
        info!("dropped");
    }
}

#[tokio::test]
async fn what_a_request_drops_where_it_is_cancelled_has_its_fields() {
    let (log, written) = logfmt();
    let mut service = log.requests("op").layer(endpoint_fn(|()| async {
        let _tells = Tells;
        std::future::pending::<Result<(), Error>>().await
    }));
    let mut call = Box::pin(service.call(Request::new(())));
    assert!(poll_once(call.as_mut()).is_pending());
    drop(call);
    let lines = written.logfmt();
    let told: Vec<_> = lines.iter().map(|line| (get(line, "msg").unwrap(), get(line, "operation"))).collect();
    assert_eq!(told, [("dropped", Some("op")), ("request", Some("op"))]);
    assert_eq!(get(&lines[1], "code"), Some("cancelled"));

    let mut followed = Box::pin(log.with("own", 1).follow(async {
        let _tells = Tells;
        std::future::pending::<()>().await;
    }));
    assert!(poll_once(followed.as_mut()).is_pending());
    drop(followed);
    let lines = written.logfmt();
    assert_eq!((lines.len(), get(&lines[2], "own")), (3, Some("1")));
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn requests_that_take_turns_on_one_thread_keep_their_fields_to_themselves() {
    let (log, written) = logfmt();
    let endpoint = log
        .requests("op")
        .layer(endpoint_fn(|n: usize| async move {
            for step in 0..5 {
                info!(n, step, "at it");
                tokio::task::yield_now().await;
            }
            Ok::<_, Error>(())
        }))
        .erased();
    let call = |n: usize| {
        let mut request = Request::new(n);
        request.context_mut().metadata_mut().set("x-request-id", &format!("id-{n}")).unwrap();
        request.context_mut().set_peer(n.is_multiple_of(2).then(|| SocketAddr::from(([127, 0, 0, 1], 1))));
        let mut endpoint = endpoint.clone();
        async move { endpoint.ready().await.unwrap().call(request).await.unwrap() }
    };
    tokio::join!(call(0), call(1), call(2), call(3));
    log.scope(|| info!("alone"));

    let lines = written.logfmt();
    assert_eq!(lines.len(), 4 * 6 + 1);
    assert_ne!(get(&lines[0], "n"), get(&lines[1], "n"), "they did not take turns");
    for line in lines.iter().filter(|line| get(line, "n").is_some()) {
        let n: usize = get(line, "n").unwrap().parse().unwrap();
        assert_eq!(get(line, "request_id"), Some(format!("id-{n}").as_str()));
        assert_eq!(get(line, "peer").is_some(), n.is_multiple_of(2));
    }
    assert_eq!(lines[24], pairs([("level", "info"), ("msg", "alone")]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_a_request_spawns_and_follows_has_its_fields() {
    let (log, written) = logfmt();
    let spawner = log.clone();
    let endpoint = log
        .requests("op")
        .layer(endpoint_fn(move |n: usize| {
            let log = spawner.clone();
            async move {
                let task = tokio::spawn(log.follow(async move {
                    tokio::task::yield_now().await;
                    info!(n, "in the background");
                }));
                tokio::spawn(async { info!("not followed") }).await.unwrap();
                task.await.unwrap();
                Ok::<_, Error>(())
            }
        }))
        .erased();
    let barrier = Arc::new(Barrier::new(4));
    let calls = (0..4).map(|n| {
        let (mut endpoint, barrier) = (endpoint.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            let mut request = Request::new(n);
            request.context_mut().metadata_mut().set("x-request-id", &format!("id-{n}")).unwrap();
            endpoint.ready().await.unwrap().call(request).await.unwrap();
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let lines = written.logfmt();
    assert_eq!(lines.len(), 8, "{lines:?}");
    for line in lines.iter().filter(|line| get(line, "n").is_some()) {
        assert_eq!(get(line, "request_id"), Some(format!("id-{}", get(line, "n").unwrap()).as_str()));
        assert_eq!(get(line, "operation"), Some("op"));
    }
}

#[tokio::test]
async fn a_call_that_a_request_makes_says_whose_it_is() {
    let (log, written) = logfmt();
    let remote = log.calls("remote.sum").layer(endpoint_fn(|()| async { Ok::<_, Error>(()) })).erased();
    let endpoint = log.requests("sum").layer(endpoint_fn(move |()| {
        let remote = remote.clone();
        async move { remote.invoke(()).await }
    }));
    let mut endpoint = endpoint.erased();
    endpoint.ready().await.unwrap().call(Request::with_context(context(), ())).await.unwrap();
    let lines = written.logfmt();
    assert_eq!((get(&lines[0], "msg"), get(&lines[0], "operation")), (Some("call"), Some("remote.sum")));
    assert_eq!(get(&lines[0], "request_id"), Some("7f3a"));
    assert_eq!((get(&lines[1], "msg"), get(&lines[1], "operation")), (Some("request"), Some("sum")));
}

#[tokio::test]
async fn the_fields_of_a_message_are_in_its_line_where_they_are_asked_for() {
    let (log, written) = logfmt();
    let layer = log.requests("sum").message_fields(|(a, b): &(i64, &'static str), fields| {
        fields.add("a", a);
        fields.add("b", b);
        fields.add("code", "forged");
    });
    let endpoint = layer.layer(endpoint_fn(|_: (i64, &'static str)| async {
        info!("inside");
        Ok::<_, Error>(())
    }));
    endpoint.invoke((1, "x y")).await.unwrap();
    let lines = written.logfmt();
    assert_eq!(get(&lines[0], "a"), None);
    assert_eq!((get(&lines[1], "a"), get(&lines[1], "b")), (Some("1"), Some("x y")));
    assert_eq!((get(&lines[1], "code"), get(&lines[1], "fields.code")), (Some("ok"), Some("forged")));
}

#[tokio::test]
async fn the_span_around_a_call_is_in_its_line() {
    use tracing::Instrument;
    let (log, written) = logfmt();
    let call = log.calls("remote").layer(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
    let future = log.scope(|| call.invoke(()).instrument(tracing::info_span!("span", attempt = 2)));
    log.follow(future).await.unwrap();
    assert_eq!(get(&written.logfmt()[0], "attempt"), Some("2"));
}

#[tokio::test]
async fn a_panic_is_a_fault_and_leaves_nothing_behind() {
    let (log, written) = logfmt();
    let endpoint = log.requests("op").layer(endpoint_fn(|()| async {
        info!("before");
        if true {
            panic!("on purpose");
        }
        Ok::<_, Error>(())
    }));
    tokio::spawn(async move { endpoint.invoke(()).await }).await.unwrap_err();
    log.scope(|| info!("after"));
    let lines = written.logfmt();
    assert_eq!((get(&lines[1], "code"), get(&lines[1], "level")), (Some("internal"), Some("error")));
    assert_eq!(get(&lines[2], "operation"), None);

    let caught = ServiceBuilder::new().layer(log.requests("op")).layer(CatchPanicLayer::new()).service(endpoint_fn(
        |()| async {
            if true {
                panic!("on purpose");
            }
            Ok::<_, Error>(())
        },
    ));
    caught.invoke(()).await.unwrap_err();
    let line = written.logfmt().pop().unwrap();
    assert_eq!(get(&line, "code"), Some("internal"));
    assert!(get(&line, "err").unwrap().contains("on purpose"));
}

#[tokio::test]
async fn an_event_is_heard_though_the_lines_of_requests_are_filtered_out() {
    let (log, written) = logfmt();
    log.set_filter("info,request=error").unwrap();
    let endpoint = log.requests("op").layer(endpoint_fn(|fail: bool| async move {
        info!("inside");
        if fail { Err(Error::from(Code::Internal)) } else { Ok(()) }
    }));
    endpoint.invoke(false).await.unwrap();
    assert_eq!(get(&written.logfmt()[0], "operation"), Some("op"));
    assert_eq!(written.take().len(), 1);
    endpoint.invoke(true).await.unwrap_err();
    assert_eq!(written.take().len(), 2);
    log.set_filter("off").unwrap();
    endpoint.invoke(true).await.unwrap_err();
    assert_eq!(written.take().len(), 0);
}

#[test]
fn one_that_reached_no_endpoint_has_a_line_with_why_and_one_that_did_has_that_of_its_layer_alone() {
    let (log, written) = logfmt();
    let unserved = log.with("service", "adder").unserved();
    let mut exchange = Exchange::new(Some(Via::Grpc { path: None }), Some(([127, 0, 0, 1], 4000).into()));
    let error = Error::new(Code::Unavailable, "no booking").with_source(std::io::Error::other("shard 3"));
    unserved(&error, &exchange);
    exchange.reached_endpoint = true;
    unserved(&error, &exchange);
    let lines = written.logfmt();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let got = ["level", "msg", "code", "error", "service"].map(|name| get(&lines[0], name).unwrap());
    assert_eq!(got, ["info", "grpc from 127.0.0.1:4000", "unavailable", "no booking: shard 3", "adder"]);
}
