//! What each layer costs a call: CPU nanoseconds and allocations, as JSON lines for `cargo xtask bench layers`.
//!
//! One thread, a handler that is ready at once. Rounds are interleaved: each round measures everything once.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Service, ServiceBuilder};
use towerkit_endpoint::{CatchPanicLayer, DeadlineLayer, Endpoint, Error, Next, Request, endpoint_fn, middleware_fn};
use towerkit_testing::bench::{self, Case};

const CALLS: u32 = 20_000;

/// Nanoseconds that a layer may add on its happy path.
const LAYER: f64 = 50.0;

fn case<S>(name: &str, mut service: S) -> Case
where
    S: Service<Request<u64>, Response = u64, Error: std::fmt::Debug> + Send + 'static,
{
    // Not `bench::calls`: where the request is made by a closure it is copied once more, which stalls a call of five nanoseconds for eight.
    Case::new(name, move |calls| {
        let mut cx = Context::from_waker(Waker::noop());
        for n in 0..calls {
            assert!(service.poll_ready(&mut cx).is_ready());
            let call = pin!(service.call(Request::new(black_box(u64::from(n)))));
            match call.poll(&mut cx) {
                Poll::Ready(reply) => drop(black_box(reply.unwrap())),
                Poll::Pending => unreachable!("the handler is ready at once"),
            }
        }
    })
}

fn layer<S>(name: &str, service: S) -> Case
where
    S: Service<Request<u64>, Response = u64, Error: std::fmt::Debug> + Send + 'static,
{
    case(name, service).budget(LAYER)
}

async fn passes(request: Request<u64>, next: Next<u64, u64>) -> Result<u64, Error> {
    next.run(request).await
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();

    let handler = || endpoint_fn(|n: u64| async move { Ok::<_, Error>(n + 1) });
    let deadline = DeadlineLayer::new(Duration::from_secs(1));
    let eight = || {
        ServiceBuilder::new()
            .layer(deadline)
            .layer(CatchPanicLayer::new())
            .layer(deadline)
            .layer(CatchPanicLayer::new())
            .layer(deadline)
            .layer(CatchPanicLayer::new())
            .layer(LoadShedLayer::new())
            .layer(ConcurrencyLimitLayer::new(64))
            .service(handler())
    };
    let four = || {
        ServiceBuilder::new()
            .layer(CatchPanicLayer::new())
            .layer(CatchPanicLayer::new())
            .layer(CatchPanicLayer::new())
            .layer(CatchPanicLayer::new())
    };
    let panics = || four().service(four().service(handler()));
    let mut cases = [
        case("endpoint_fn", handler()),
        case("endpoint_fn, erased", handler().erased()),
        layer("DeadlineLayer", ServiceBuilder::new().layer(deadline).service(handler())),
        layer(
            "DeadlineLayer, no deadline",
            ServiceBuilder::new().layer(DeadlineLayer::callers_only()).service(handler()),
        ),
        layer("CatchPanicLayer", ServiceBuilder::new().layer(CatchPanicLayer::new()).service(handler())),
        case("middleware_fn", ServiceBuilder::new().layer(middleware_fn(passes)).service(handler())),
        case("tower's timeout", ServiceBuilder::new().timeout(Duration::from_secs(1)).service(handler())),
        case("tower's concurrency limit", ServiceBuilder::new().concurrency_limit(64).service(handler())),
        case("tower's load shed", ServiceBuilder::new().load_shed().service(handler())),
        case("eight PanicLayers", panics()),
        case("a stack of eight", eight()),
        case("a stack of eight, erased", eight().erased()),
    ];
    bench::measure(&mut cases, CALLS, bench::number("rounds", 31).unwrap(), |run| {
        allocation_counter::measure(run).count_total
    });
    cases.iter().for_each(|case| println!("{case}"));
}
