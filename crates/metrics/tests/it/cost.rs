//! What the happy path costs: no allocation.

use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use tower::util::ServiceFn;
use tower::{Service, service_fn};
use tower_layer::Layer as _;
use towerkit_endpoint::{Code, Context, Error, Request, SpanId, TraceContext, TraceId};
use towerkit_metrics::{Fanout, Foreign, Metrics, Prometheus, Recorder};

type Answer = fn(Request<Option<Code>>) -> Ready<Result<(), Error>>;

fn answer(request: Request<Option<Code>>) -> Ready<Result<(), Error>> {
    ready(request.into_message().map_or(Ok(()), |code| Err(code.into())))
}

fn call(service: &mut impl Service<Request<Option<Code>>>, sampled: bool, message: Option<Code>) {
    let mut cx = TaskContext::from_waker(Waker::noop());
    let mut context = Context::new();
    context.set_trace(Some(TraceContext::new(TraceId::new(7).unwrap(), SpanId::new(8).unwrap(), sampled)));
    assert!(service.poll_ready(&mut cx).is_ready());
    let call = pin!(service.call(Request::with_context(context, message)));
    assert!(matches!(call.poll(&mut cx), Poll::Ready(_)));
}

fn allocations(recorder: impl Recorder, message: Option<Code>) -> u64 {
    let metrics = Metrics::new(recorder);
    let inner: ServiceFn<Answer> = service_fn(answer as Answer);
    let mut service = metrics.calls("outer").layer(metrics.requests("sum").layer(inner));
    call(&mut service, true, message);
    allocation_counter::measure(|| {
        for n in 0..100 {
            call(&mut service, n % 2 == 0, message);
        }
    })
    .count_total
}

#[test]
fn a_request_allocates_nothing() {
    assert_eq!(allocations(Foreign(metrics::NoopRecorder), None), 0);
    assert_eq!(allocations(Prometheus::new(), None), 0);
    assert_eq!(allocations(Fanout::new().with(Prometheus::new()).with(Prometheus::new()), None), 0);
}

#[test]
fn a_code_that_was_there_before_allocates_nothing() {
    let of_the_error_itself = 100;
    assert_eq!(allocations(Prometheus::new(), Some(Code::Aborted)), of_the_error_itself);
}

#[test]
fn a_value_allocates_nothing_where_its_native_bucket_is_there() {
    let wait = Metrics::new(Prometheus::new().native_buckets("")).histogram("wait_seconds", "");
    let record = || (0..1000).for_each(|n| wait.record(f64::from(n)));
    record();
    assert_eq!(allocation_counter::measure(record).count_total, 0);
}
