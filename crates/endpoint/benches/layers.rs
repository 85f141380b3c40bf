//! What each layer costs a call: CPU nanoseconds and allocations, as JSON lines for `cargo xtask bench layers`.
//!
//! One thread, a handler that is ready at once. Rounds are interleaved: each round measures everything once.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cpu_time::ThreadTime;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Service, ServiceBuilder};
use towerkit_endpoint::{DeadlineLayer, Endpoint, Error, Next, PanicLayer, Request, endpoint_fn, middleware_fn};

const CALLS: u32 = 20_000;

struct Case {
    name: &'static str,
    layer: bool,
    run: Box<dyn FnMut(u32)>,
    ns: Vec<f64>,
    allocations: f64,
}

fn case<S>(name: &'static str, layer: bool, mut service: S) -> Case
where
    S: Service<Request<u64>, Response = u64> + 'static,
    S::Error: std::fmt::Debug,
{
    let run = move |calls| {
        let mut cx = Context::from_waker(Waker::noop());
        for n in 0..calls {
            assert!(service.poll_ready(&mut cx).is_ready());
            let call = pin!(service.call(Request::new(black_box(u64::from(n)))));
            match call.poll(&mut cx) {
                Poll::Ready(reply) => drop(black_box(reply.unwrap())),
                Poll::Pending => unreachable!("the handler is ready at once"),
            }
        }
    };
    Case { name, layer, run: Box::new(run), ns: Vec::new(), allocations: 0.0 }
}

async fn passes(request: Request<u64>, next: Next<u64, u64>) -> Result<u64, Error> {
    next.run(request).await
}

fn main() {
    let rounds = std::env::args().skip_while(|arg| arg != "--rounds").nth(1).map_or(31, |n| n.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();

    let handler = || endpoint_fn(|n: u64| async move { Ok::<_, Error>(n + 1) });
    let deadline = DeadlineLayer::new(Duration::from_secs(1));
    let eight = || {
        ServiceBuilder::new()
            .layer(deadline)
            .layer(PanicLayer::new())
            .layer(deadline)
            .layer(PanicLayer::new())
            .layer(deadline)
            .layer(PanicLayer::new())
            .layer(LoadShedLayer::new())
            .layer(ConcurrencyLimitLayer::new(64))
            .service(handler())
    };
    let four = || {
        ServiceBuilder::new()
            .layer(PanicLayer::new())
            .layer(PanicLayer::new())
            .layer(PanicLayer::new())
            .layer(PanicLayer::new())
    };
    let panics = || four().service(four().service(handler()));
    let mut cases = [
        case("endpoint_fn", false, handler()),
        case("endpoint_fn, erased", false, handler().erased()),
        case("DeadlineLayer", true, ServiceBuilder::new().layer(deadline).service(handler())),
        case(
            "DeadlineLayer, no deadline",
            true,
            ServiceBuilder::new().layer(DeadlineLayer::callers_only()).service(handler()),
        ),
        case("PanicLayer", true, ServiceBuilder::new().layer(PanicLayer::new()).service(handler())),
        case("middleware_fn", false, ServiceBuilder::new().layer(middleware_fn(passes)).service(handler())),
        case("tower's timeout", false, ServiceBuilder::new().timeout(Duration::from_secs(1)).service(handler())),
        case("tower's concurrency limit", false, ServiceBuilder::new().concurrency_limit(64).service(handler())),
        case("tower's load shed", false, ServiceBuilder::new().load_shed().service(handler())),
        case("eight PanicLayers", false, panics()),
        case("a stack of eight", false, eight()),
        case("a stack of eight, erased", false, eight().erased()),
    ];
    for case in &mut cases {
        (case.run)(CALLS);
        let counted = allocation_counter::measure(|| (case.run)(1000));
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let total = counted.count_total as f64;
        case.allocations = total / 1000.0;
    }
    for _ in 0..rounds {
        for case in &mut cases {
            let start = ThreadTime::now();
            (case.run)(CALLS);
            case.ns.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
        }
    }
    for Case { name, layer, ns, allocations, .. } in &cases {
        println!(r#"{{"name":"{name}","layer":{layer},"ns":{ns:?},"allocations":{allocations}}}"#);
    }
}
