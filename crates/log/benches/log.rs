//! What a line costs, beside those of others, and what the layer does: CPU nanoseconds and allocations, as JSON lines for
//! `cargo xtask bench telemetry`.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use slog::Drain;
use tower::{Layer, Service};
use towerkit_endpoint::{Error, Request, SpanId, TraceContext, TraceId, endpoint_fn};
use towerkit_log::Logger;
use towerkit_testing::bench::{self, Case};
use tracing::{Dispatch, debug, dispatcher, info, info_span};

const CALLS: u32 = 5_000;

/// Nanoseconds of a line of ten fields.
const LINE: f64 = 800.0;
/// Nanoseconds that a layer may add on its happy path.
const LAYER: f64 = 50.0;

/// The five fields of the event; five more are bound.
fn event(n: u32) {
    info!(user = "ada lovelace", items = n, price = 9.75, path = "/carts/7", quick = true, "it is done");
}

fn bound(log: &Logger) -> Logger {
    log.with("service", "greeter").with("version", "1.2.3").with("zone", "eu-1").with("shard", 7).with("canary", false)
}

fn ours(name: &str, log: &Logger) -> Case {
    let log = bound(log);
    Case::new(name, move |calls| log.scope(|| (0..calls).for_each(|n| event(black_box(n))))).budget(LINE)
}

/// Events inside of a request: of so many a request, so that the request's own cost is not counted.
fn inside(name: &str, log: &Logger) -> Case {
    let log = bound(log);
    log.set_filter("info,request=off").unwrap();
    let endpoint = log.requests("op").layer(endpoint_fn(|calls: u32| async move {
        (0..calls).for_each(|n| event(black_box(n)));
        Ok::<_, Error>(())
    }));
    Case::new(name, move |calls| {
        let mut endpoint = endpoint.clone();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(endpoint.poll_ready(&mut cx).is_ready());
        assert!(pin!(endpoint.call(request(calls))).poll(&mut cx).is_ready());
    })
    .budget(LINE)
}

fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let context = request.context_mut();
    context.set_peer(Some(([127, 0, 0, 1], 4000).into()));
    let (trace, span) = (TraceId::new(7).unwrap(), SpanId::new(8).unwrap());
    context.set_trace(Some(TraceContext::new(trace, span, true)));
    request
}

fn layer(name: &str, log: Option<Logger>) -> Case {
    let handler = || endpoint_fn(|n: u64| async move { Ok::<_, Error>(n + 1) });
    match log {
        None => calls(name, handler()),
        Some(log) => calls(name, bound(&log).requests("op").layer(handler())),
    }
}

fn calls<S>(name: &str, mut service: S) -> Case
where
    S: Service<Request<u64>, Response = u64, Error: std::fmt::Debug> + Send + 'static,
{
    Case::new(name, move |calls| {
        let mut cx = Context::from_waker(Waker::noop());
        for n in 0..calls {
            assert!(service.poll_ready(&mut cx).is_ready());
            match pin!(service.call(request(black_box(u64::from(n))))).poll(&mut cx) {
                Poll::Ready(reply) => drop(black_box(reply.unwrap())),
                Poll::Pending => unreachable!("the handler is ready at once"),
            }
        }
    })
}

/// `tracing-subscriber`'s own: what is bound are the fields of a span.
fn theirs(name: &str, dispatch: Dispatch) -> Case {
    Case::new(name, move |calls| {
        dispatcher::with_default(&dispatch, || {
            let span =
                info_span!("bound", service = "greeter", version = "1.2.3", zone = "eu-1", shard = 7, canary = false);
            span.in_scope(|| (0..calls).for_each(|n| event(black_box(n))));
        });
    })
}

fn slog_json(name: &str) -> Case {
    let drain = std::sync::Mutex::new(slog_json::Json::default(io::sink())).fuse();
    let values =
        slog::o!("service" => "greeter", "version" => "1.2.3", "zone" => "eu-1", "shard" => 7, "canary" => false);
    let log = slog::Logger::root(drain, values);
    Case::new(name, move |calls| {
        for n in 0..calls {
            slog::info!(log, "it is done"; "user" => "ada lovelace", "items" => black_box(n), "price" => 9.75, "path" => "/carts/7",
                "quick" => true);
        }
    })
}

fn disabled(name: &str, log: &Logger) -> Case {
    let log = bound(log);
    Case::new(name, move |calls| {
        log.scope(|| (0..calls).for_each(|n| debug!(n = black_box(n), "it is not written")));
    })
}

fn filtered(filter: &str) -> Option<Logger> {
    let log = Logger::logfmt(io::sink());
    log.set_filter(filter).unwrap();
    Some(log)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();

    let fmt = tracing_subscriber::fmt().with_writer(io::sink).with_ansi(false).finish();
    let json = tracing_subscriber::fmt().json().with_writer(io::sink).finish();
    let mut cases = [
        ours("a line of logfmt, ten fields", &Logger::logfmt(io::sink())),
        ours("a line of JSON, ten fields", &Logger::json(io::sink())),
        inside("a line of logfmt inside a request", &Logger::logfmt(io::sink())),
        inside("a line of JSON inside a request", &Logger::json(io::sink())),
        theirs("tracing-subscriber's fmt, five fields in a span", Dispatch::new(fmt)),
        theirs("tracing-subscriber's JSON, five fields in a span", Dispatch::new(json)),
        slog_json("slog-json, ten fields"),
        layer("no layer", None),
        layer("layer, log off", Some(Logger::off())).budget(LAYER),
        layer("layer, filter off", filtered("off")).budget(LAYER),
        layer("layer, info filtered out", filtered("warn")),
        layer("layer, its line written", filtered("info")),
        disabled("a disabled callsite", &Logger::logfmt(io::sink())),
    ];
    bench::measure(&mut cases, CALLS, bench::number("rounds", 31).unwrap(), |run| {
        allocation_counter::measure(run).count_total
    });
    cases.iter().for_each(|case| println!("{case}"));
}
