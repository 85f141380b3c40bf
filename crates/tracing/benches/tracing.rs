//! What spans and the layers cost: CPU nanoseconds and allocations, as JSON lines for `cargo xtask bench telemetry`.
//!
//! Each number is of a span from its start to its end, or of a call through a layer around a handler that is ready at once. What is
//! recorded goes to an exporter that drops it, in another thread. tracing-opentelemetry runs in the same rounds: a `tracing` span that becomes one of
//! OpenTelemetry, by the SDK's batch processor to an exporter that drops it, too.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter};
use tower::{Layer, service_fn};
use towerkit_endpoint::{Context, Error, Request, Via};
use towerkit_lifecycle::Member;
use towerkit_testing::bench::{self, Case};
use towerkit_tracing::{Exporter, Sampler, Tracer};
use tracing_subscriber::layer::SubscriberExt;

const CALLS: u32 = 5_000;

/// Nanoseconds that a layer may add on its happy path.
const LAYER: f64 = 50.0;

#[derive(Debug)]
struct Dropped;

impl SpanExporter for Dropped {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        drop(black_box(batch));
        Ok(())
    }
}

fn tracer(sampler: Sampler) -> (Tracer, Exporter) {
    let (tracer, exporter) = Tracer::builder("bench").sampler(sampler).export(Dropped).build();
    (tracer, exporter.queue(1 << 16).interval(Duration::from_millis(50)))
}

/// What tracing-opentelemetry has of a tracer.
fn theirs(sampler: opentelemetry_sdk::trace::Sampler) -> (tracing::Dispatch, SdkTracerProvider) {
    let provider = SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_span_processor(BatchSpanProcessor::builder(Dropped).build())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    (tracing::Dispatch::new(tracing_subscriber::registry().with(layer)), provider)
}

fn plain(n: u32) -> Request<u32> {
    Request::new(n)
}

fn sampled(n: u32) -> Request<u32> {
    over_http(n, "01")
}

fn unsampled(n: u32) -> Request<u32> {
    over_http(n, "00")
}

/// A request over HTTP, with the trace of its caller.
fn over_http(n: u32, flags: &str) -> Request<u32> {
    let mut context = Context::new();
    context.set_via(Some(Via::Http { method: http::Method::GET, path: "/sum".parse().unwrap() }));
    context.set_peer(Some(([192, 0, 2, 7], 4711).into()));
    let metadata = context.metadata_mut();
    metadata.set("host", "shop.test:80").unwrap();
    metadata.set("user-agent", "curl/8").unwrap();
    metadata.set("traceparent", &format!("00-12345678901234567890123456789012-1234567890123456-{flags}")).unwrap();
    Request::with_context(context, n)
}

/// A span with two attributes, from its start to its end.
fn spans(name: &str, tracer: Tracer) -> Case {
    Case::new(name, move |calls| {
        for n in 0..calls {
            let span = tracer.span("job");
            span.set_attribute("shop.item", i64::from(black_box(n)));
            span.set_attribute("shop.kind", "book");
            drop(black_box(span));
        }
    })
}

fn their_spans(name: &str, dispatch: tracing::Dispatch) -> Case {
    Case::new(name, move |calls| {
        tracing::dispatcher::with_default(&dispatch, || {
            for n in 0..calls {
                drop(black_box(tracing::info_span!("job", shop.item = black_box(n), shop.kind = "book")));
            }
        });
    })
}

fn layer<L>(name: &str, layer: &L, request: fn(u32) -> Request<u32>) -> Case
where
    L: Layer<Handler, Service: tower::Service<Request<u32>, Response = u32, Error = Error> + Clone + Send + 'static>,
{
    let handler: Handler = service_fn(|request: Request<u32>| ready(Ok(request.into_message())));
    Case::service(name, &layer.layer(handler), request)
}

type Handler = tower::util::ServiceFn<fn(Request<u32>) -> std::future::Ready<Result<u32, Error>>>;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let _entered = runtime.enter();

    let ((always, exporting), (never, idle)) = (tracer(Sampler::always()), tracer(Sampler::never()));
    let _running = (exporting.spawn(), idle.spawn());
    let (recording, provider) = theirs(opentelemetry_sdk::trace::Sampler::AlwaysOn);
    let (silent, provider_of_none) = theirs(opentelemetry_sdk::trace::Sampler::AlwaysOff);
    let off = Tracer::off();

    let none = tower::layer::util::Identity::new();
    let mut cases = [
        spans("a span, recorded", always.clone()),
        spans("a span, not recorded", never.clone()),
        spans("a span, off", off.clone()),
        their_spans("tracing-opentelemetry: a span, recorded", recording),
        their_spans("tracing-opentelemetry: a span, not recorded", silent),
        layer("no layer", &none, plain),
        layer("layer, requests, off", &off.requests("sum"), plain).budget(LAYER),
        layer("layer, requests, not recorded", &never.requests("sum"), plain).budget(LAYER),
        layer("layer, requests, recorded", &always.requests("sum"), plain),
        layer("over HTTP: no layer", &none, unsampled),
        layer("over HTTP: requests, off", &off.requests("sum"), unsampled),
        layer("over HTTP: requests, not recorded", &never.requests("sum"), unsampled),
        layer("over HTTP: requests, recorded", &always.requests("sum"), sampled),
        layer("layer, calls, off", &off.calls("sum"), plain),
        layer("layer, calls, not recorded", &never.calls("sum"), plain),
        layer("layer, calls, recorded", &always.calls("sum"), plain),
    ];
    bench::measure(&mut cases, CALLS, bench::number("rounds", 31).unwrap(), |run| {
        allocation_counter::measure(run).count_total
    });
    cases.iter().for_each(|case| println!("{case}"));
    // Their threads end with them.
    let _ = (provider.shutdown(), provider_of_none.shutdown());
}
