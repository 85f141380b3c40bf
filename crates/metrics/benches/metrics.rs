//! What counting costs: CPU nanoseconds and allocations, as JSON lines for `cargo xtask bench telemetry`.
//!
//! The layer around a handler that is ready at once, and what is recorded by handle, beside the exporter of metrics-rs. One thread and
//! two at once. Rounds are interleaved: each round measures everything once.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::future::{Ready, ready};
use std::hint::black_box;

use metrics::{Counter, Gauge, Histogram, Key, Level, Metadata, NoopRecorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tower::Service;
use tower_layer::Layer;
use towerkit_endpoint::{Context, Error, Request, SpanId, TraceContext, TraceId};
use towerkit_metrics::{Fanout, Foreign, Memory, Metrics, Prometheus};
use towerkit_testing::bench::{self, Case};

const CALLS: u32 = 20_000;

/// Nanoseconds that a layer may add on its happy path.
const LAYER: f64 = 50.0;

const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// A handler that does nothing.
#[derive(Clone)]
struct Nothing;

impl Service<Request<u64>> for Nothing {
    type Response = u64;
    type Error = Error;
    type Future = Ready<Result<u64, Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<u64>) -> Self::Future {
        ready(Ok(request.into_message() + 1))
    }
}

/// Requests without a trace, in one that is not sampled, and in one that is.
fn plain(n: u32) -> Request<u64> {
    Request::new(u64::from(n))
}

fn traced(n: u32, sampled: bool) -> Request<u64> {
    let mut context = Context::new();
    context.set_trace(Some(TraceContext::new(TraceId::new(7).unwrap(), SpanId::new(8).unwrap(), sampled)));
    Request::with_context(context, u64::from(n))
}

fn layer(name: &str, metrics: &Metrics, request: fn(u32) -> Request<u64>) -> Case {
    Case::service(name, &metrics.requests("sum").layer(Nothing), request)
}

fn counter(name: &str, counter: Counter) -> Case {
    Case::shared(name, move || {
        let counter = counter.clone();
        move |calls| (0..calls).for_each(|n| counter.increment(black_box(u64::from(n & 1))))
    })
}

fn gauge(name: &str, gauge: Gauge) -> Case {
    Case::shared(name, move || {
        let gauge = gauge.clone();
        move |calls| (0..calls).for_each(|n| gauge.increment(black_box(f64::from(n & 1))))
    })
}

fn histogram(name: &str, histogram: Histogram) -> Case {
    Case::shared(name, move || {
        let histogram = histogram.clone();
        move |calls| (0..calls).for_each(|n| histogram.record(black_box(f64::from(n & 1023) / 512.0)))
    })
}

/// Of the same buckets.
fn theirs() -> PrometheusRecorder {
    PrometheusBuilder::new().set_buckets(&BUCKETS).unwrap().build_recorder()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();

    let key = Key::from_name("sum_seconds");
    let metadata = Metadata::new("", Level::INFO, None);
    let prometheus = Prometheus::new;
    let native = || Prometheus::new().native_buckets("");
    let (ours, natively, theirs) = (Metrics::new(prometheus()), Metrics::new(native()), theirs());
    let of_theirs = |recorder: &PrometheusRecorder| {
        use metrics::Recorder as _;
        (
            recorder.register_counter(&key, &metadata),
            recorder.register_gauge(&key, &metadata),
            recorder.register_histogram(&key, &metadata),
        )
    };
    let (their_counter, their_gauge, their_histogram) = of_theirs(&theirs);
    let two = Fanout::new().with(prometheus()).with(prometheus());
    let mut cases = [
        Case::service("no layer", &Nothing, plain),
        layer("layer, recorder of nothing", &Metrics::new(Foreign(NoopRecorder)), plain).budget(LAYER),
        layer("layer, Prometheus", &ours, plain).budget(LAYER),
        layer("layer, Prometheus, trace not sampled", &ours, |n| traced(n, false)),
        layer("layer, Prometheus, trace sampled: exemplars", &ours, |n| traced(n, true)),
        layer("layer, Prometheus, native buckets too", &natively, plain),
        layer("layer, two Prometheus by Fanout", &Metrics::new(two), plain),
        layer("layer, Memory", &Metrics::new(Memory::new()), plain),
        layer(
            "layer, metrics-exporter-prometheus",
            &Metrics::new(Foreign(PrometheusBuilder::new().build_recorder())),
            plain,
        ),
        counter("counter", ours.counter("sum", "")),
        counter("counter, metrics-exporter-prometheus", their_counter),
        gauge("gauge", ours.gauge("level", "")),
        gauge("gauge, metrics-exporter-prometheus", their_gauge),
        histogram("histogram", ours.histogram("sum_seconds", "")),
        histogram("histogram, native buckets too", natively.histogram("sum_seconds", "")),
        histogram("histogram, metrics-exporter-prometheus", their_histogram),
        Case::new("the system's clock, twice", |calls| {
            (0..calls).for_each(|_| _ = black_box(tokio::time::Instant::now().elapsed()));
        }),
    ];
    bench::measure(&mut cases, CALLS, bench::number("rounds", 31).unwrap(), |run| {
        allocation_counter::measure(run).count_total
    });
    cases.iter().for_each(|case| println!("{case}"));
}
