use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use tower::{Service, ServiceBuilder, service_fn};
use tower_layer::Layer as _;
use towerkit_endpoint::{
    BoxError, Code, Context, Ending, Endpoint, Error, Exchange, Request, SpanId, Tail, TraceContext, TraceId, Via,
};
use towerkit_metrics::{Memory, Metrics, MetricsLayer};
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::Probe;

/// A layer on a recorder that can be asked.
fn requests() -> (Memory, MetricsLayer) {
    let memory = Memory::new();
    let layer = Metrics::new(memory.clone()).on_tokio_time().requests("sum");
    (memory, layer)
}

fn count(memory: &Memory, code: &str) -> Option<u64> {
    memory.counter("requests_total", [("operation", "sum"), ("code", code)])
}

fn in_flight(memory: &Memory) -> f64 {
    memory.gauge("requests_in_flight", [("operation", "sum")]).unwrap()
}

fn durations(memory: &Memory) -> Vec<f64> {
    memory.histogram("request_duration_seconds", [("operation", "sum")]).unwrap()
}

fn trace(sampled: bool) -> TraceContext {
    TraceContext::new(TraceId::new(7).unwrap(), SpanId::new(8).unwrap(), sampled)
}

#[tokio::test(start_paused = true)]
async fn the_layer_of_a_server_keeps_the_laws() {
    Contract::new(|probe| requests().1.layer(probe), || Request::new("a request")).check().await;
}

#[tokio::test(start_paused = true)]
async fn the_layer_of_a_client_keeps_the_laws() {
    Contract::new(|probe| Metrics::new(Memory::new()).calls("sum").layer(probe), || Request::new(())).check().await;
}

#[tokio::test(start_paused = true)]
async fn its_gauge_is_at_zero_whenever_all_calls_are_over() {
    let (memory, layer) = requests();
    let wrap = move |probe: Probe<Request<()>, (), BoxError>| layer.layer(probe);
    Contract::new(wrap, || Request::new(())).gauge(move || in_flight(&memory) as u64).check().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_counts_by_its_code_and_its_duration_is_that_of_its_end() {
    let (memory, layer) = requests();
    let sum = ServiceBuilder::new().layer(layer).service(service_fn(|request: Request<Option<Code>>| async move {
        tokio::time::sleep(Duration::from_millis(250)).await;
        request.into_message().map_or(Ok(7), |code| Err(Error::from(code)))
    }));
    assert_eq!(sum.invoke(None).await.unwrap(), 7);
    for code in Code::ALL {
        for _ in 0..code.number() {
            assert_eq!(sum.invoke(Some(code)).await.unwrap_err().code(), code);
        }
    }
    assert_eq!(count(&memory, "ok"), Some(1));
    for code in Code::ALL {
        assert_eq!(count(&memory, code.as_str()), Some(u64::from(code.number())), "{code}");
    }
    assert_eq!(durations(&memory), vec![0.25; 1 + (1..=16).sum::<usize>()]);
    assert_eq!(in_flight(&memory), 0.0);
}

/// What there is before the first call: `ok` and each fault, and no refusal.
fn first_series(duration: &str, in_flight: &str, total: &str) -> Vec<String> {
    let faults = Code::ALL.into_iter().filter(|code| code.is_fault()).map(Code::as_str);
    let totals = faults.chain(["ok"]).map(|code| format!(r#"{total}{{code="{code}",operation="sum"}}"#));
    let mut series: Vec<_> =
        [duration, in_flight].map(|name| format!(r#"{name}{{operation="sum"}}"#)).into_iter().chain(totals).collect();
    series.sort();
    series
}

#[test]
fn before_the_first_request_success_and_faults_are_at_zero_and_no_refusal_is_there() {
    let (memory, _layer) = requests();
    let series = first_series("request_duration_seconds", "requests_in_flight", "requests_total");
    assert_eq!((memory.series(), series.len()), (series, 8));
    for code in ["ok", "internal", "unavailable", "deadline_exceeded", "unknown", "data_loss"] {
        assert_eq!(count(&memory, code), Some(0), "{code}");
    }
}

#[test]
fn the_layer_of_a_client_has_names_of_its_own() {
    let memory = Memory::new();
    let _layer = Metrics::new(memory.clone()).calls("sum");
    assert_eq!(memory.series(), first_series("call_duration_seconds", "calls_in_flight", "calls_total"));
}

#[test]
fn a_prefix_and_labels_are_on_all_that_is_made_of_a_handle() {
    let memory = Memory::new();
    let metrics = Metrics::new(memory.clone()).prefixed("shop").labelled("zone", "a").labelled("zone", "b");
    let _layer = metrics.prefixed("cart").requests("sum");
    assert!(memory.series().contains(&r#"shop_cart_requests_total{code="ok",operation="sum",zone="b"}"#.to_owned()));
    // The handle it was made of is as it was.
    let _counter = metrics.counter("sold_total", "");
    assert!(memory.series().contains(&r#"shop_sold_total{zone="b"}"#.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_counts_as_cancelled() {
    let (memory, layer) = requests();
    let sum = layer.layer(service_fn(|_: Request<()>| async { pending::<Result<(), Error>>().await }));
    let mut call = Box::pin(sum.invoke(()));
    assert!(call.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    assert_eq!(in_flight(&memory), 1.0);
    tokio::time::advance(Duration::from_secs(3)).await;
    drop(call);
    assert_eq!(count(&memory, "cancelled"), Some(1));
    assert_eq!(durations(&memory), [3.0]);
    assert_eq!(in_flight(&memory), 0.0);
}

#[tokio::test]
async fn a_request_that_is_never_polled_counts_as_nothing() {
    let (memory, layer) = requests();
    let mut sum = layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Error>(()))));
    drop(sum.call(Request::new(())));
    assert_eq!((count(&memory, "ok"), count(&memory, "cancelled")), (Some(0), None));
}

/// A panic that goes through the layer.
fn panicked(run: impl FnOnce()) {
    assert!(std::panic::catch_unwind(AssertUnwindSafe(run)).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_service_panics_counts_as_internal() {
    let (memory, layer) = requests();
    let sum = layer.layer(service_fn(|_: Request<()>| async {
        tokio::task::yield_now().await;
        if true {
            panic!("a bug");
        }
        Ok::<_, Error>(())
    }));
    let mut call = Box::pin(sum.invoke(()));
    let mut cx = TaskContext::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    tokio::time::advance(Duration::from_secs(3)).await;
    panicked(|| drop(call.as_mut().poll(&mut cx)));
    drop(call);
    assert_eq!((count(&memory, "internal"), count(&memory, "cancelled")), (Some(1), None));
    assert_eq!((durations(&memory), in_flight(&memory)), (vec![3.0], 0.0));
}

#[test]
fn a_request_whose_service_panics_before_it_has_a_future_counts_as_internal() {
    let (memory, layer) = requests();
    let mut sum = layer.layer(service_fn(|request: Request<bool>| {
        assert!(request.into_message(), "a bug");
        ready(Ok::<_, Error>(()))
    }));
    panicked(|| drop(sum.call(Request::new(false))));
    assert_eq!((count(&memory, "internal"), count(&memory, "cancelled")), (Some(1), None));
    assert_eq!((durations(&memory).len(), in_flight(&memory)), (1, 0.0));
}

#[test]
fn a_request_that_was_never_polled_counts_as_nothing() {
    let (memory, layer) = requests();
    let mut sum = layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Error>(()))));
    drop(sum.call(Request::new(())));
    assert!(memory.series().iter().all(|series| !series.contains("cancelled")));
    assert_eq!((count(&memory, "ok"), durations(&memory)), (Some(0), Vec::new()));
}

/// A call with a tail, answered at once.
async fn stream(layer: &MetricsLayer, reply: Result<(), Error>) -> Tail {
    let tail = Tail::new();
    let mut context = Context::new();
    context.set_tail(tail.clone());
    let reply = std::sync::Mutex::new(Some(reply));
    let mut service = layer.layer(service_fn(move |_: Request<()>| ready(reply.lock().unwrap().take().unwrap())));
    let _ = service.call(Request::with_context(context, ())).await;
    tail
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_in_flight_until_its_end_and_has_the_code_of_its_end() {
    for (ending, code) in
        [(Ending::Complete, "ok"), (Ending::Failed(Code::DataLoss), "data_loss"), (Ending::Cancelled, "cancelled")]
    {
        let (memory, layer) = requests();
        let tail = stream(&layer, Ok(())).await;
        assert_eq!((in_flight(&memory), count(&memory, "ok")), (1.0, Some(0)));
        tokio::time::advance(Duration::from_secs(5)).await;
        tail.end(ending);
        assert_eq!((in_flight(&memory), count(&memory, code)), (0.0, Some(1)));
        assert_eq!(durations(&memory), [5.0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_begins_ends_with_its_error() {
    let (memory, layer) = requests();
    let tail = stream(&layer, Err(Code::NotFound.into())).await;
    assert_eq!((in_flight(&memory), count(&memory, "not_found")), (0.0, Some(1)));
    tail.end(Ending::Complete);
    assert_eq!((count(&memory, "ok"), durations(&memory).len()), (Some(0), 1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_reader_goes_away_was_cancelled() {
    let (memory, layer) = requests();
    drop(stream(&layer, Ok(())).await);
    assert_eq!((in_flight(&memory), count(&memory, "cancelled")), (0.0, Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_sampled_trace_is_kept_with_the_duration_and_no_other() {
    let (memory, layer) = requests();
    let sum = layer.layer(service_fn(|_: Request<()>| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok::<_, Error>(())
    }));
    for trace in [None, Some(trace(false)), Some(trace(true))] {
        let mut context = Context::new();
        context.set_trace(trace);
        sum.invoke(Request::with_context(context, ())).await.unwrap();
    }
    assert_eq!(durations(&memory), [2.0; 3]);
    let kept = memory.exemplars("request_duration_seconds", [("operation", "sum")]);
    assert_eq!(kept, Some(vec![(2.0, trace(true))]));
}

#[tokio::test]
async fn errors_of_foreign_layers_have_their_codes() {
    let (memory, layer) = requests();
    let sum = ServiceBuilder::new()
        .layer(layer)
        .timeout(Duration::from_millis(1))
        .service(service_fn(|_: Request<()>| async { pending::<Result<(), Error>>().await }));
    assert_eq!(sum.invoke(()).await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(count(&memory, "deadline_exceeded"), Some(1));
}

#[tokio::test]
async fn two_layers_of_one_operation_count_together() {
    let memory = Memory::new();
    let metrics = Metrics::new(memory.clone());
    for layer in [metrics.requests("sum"), metrics.requests("sum")] {
        let sum = layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Error>(()))));
        sum.invoke(()).await.unwrap();
    }
    assert_eq!(count(&memory, "ok"), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_among_threads() {
    let (memory, layer) = requests();
    let sum = layer.layer(service_fn(|request: Request<bool>| {
        ready(if *request.message() { Ok(()) } else { Err(Error::from(Code::Aborted)) })
    }));
    let calls = (0..8).map(|task| {
        let sum = sum.clone();
        tokio::spawn(async move {
            for n in 0..1000 {
                let _ = sum.invoke((n + task) % 2 == 0).await;
                tokio::task::yield_now().await;
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!((count(&memory, "ok"), count(&memory, "aborted")), (Some(4000), Some(4000)));
    assert_eq!((durations(&memory).len(), in_flight(&memory)), (8000, 0.0));
    let mut call = pin!(sum.invoke(true));
    assert!(call.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready());
}

#[test]
fn requests_that_reached_no_endpoint_are_counted_by_protocol_and_code_and_the_others_by_their_layers() {
    let memory = Memory::new();
    let unserved = Metrics::new(memory.clone()).prefixed("adder").unserved();
    let mut exchange = Exchange::new(Some(Via::Grpc { path: None }), None);
    for code in [Code::NotFound, Code::NotFound, Code::InvalidArgument] {
        unserved(&code.into(), &exchange);
    }
    unserved(&Code::NotFound.into(), &Exchange::new(None, None));
    exchange.reached_endpoint = true;
    unserved(&Code::NotFound.into(), &exchange);
    let count = |via, code| memory.counter("adder_unserved_requests_total", [("via", via), ("code", code)]);
    let counts = [count("grpc", "not_found"), count("grpc", "invalid_argument"), count("unknown", "not_found")];
    assert_eq!(counts, [Some(2), Some(1), Some(1)]);
}
