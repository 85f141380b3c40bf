//! A whole call through a balancer, around an endpoint that does nothing, beside tower's own balancer.

use std::hint::black_box;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tower::buffer::Buffer;
use tower::{Service, ServiceExt as _};
use towerkit_endpoint::{BoxEndpoint, Endpoint as _, Error, Request};
use towerkit_sd::balancer::{ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Weighted};
use towerkit_sd::{Endpointer, Instancer};
use towerkit_testing::bench::{self, Case};

use crate::fleet::{Handler, connect, instances};
use crate::p2c;

pub(crate) fn cases(runtime: &Arc<Runtime>) -> Vec<Case> {
    // The first two are what the others are compared with.
    let mut cases = vec![
        Case::service("no balancer / 1", &Handler, request),
        Case::service("no balancer, BoxEndpoint / 1", &Handler.erased(), request),
    ];
    for size in crate::SIZES {
        let builder = Endpointer::builder(Instancer::fixed(instances(size)));
        let fleet = connect(builder, runtime);
        let by_key = ConsistentHash::by(|request: &Request<u64>| *request.message());
        let boxed = |_: &usize| -> BoxEndpoint<u64, u64> { Handler.erased() };
        let name = |name: &str| format!("{name} / {size}");
        let alone = |name: &str| format!("{name}, not shared / {size}");
        cases.extend([
            Case::service(name("RoundRobin"), &fleet.balance(RoundRobin::new(), |_| Handler), request),
            Case::service(name("Random"), &fleet.balance(Random::new(), |_| Handler), request),
            Case::service(name("LeastLoaded"), &fleet.balance(LeastLoaded::new(), |_| Handler), request),
            Case::service(name("PeakEwma"), &fleet.balance(PeakEwma::new(), |_| Handler), request),
            Case::service(name("Weighted"), &fleet.balance(Weighted::new(), |_| Handler), request),
            Case::service(name("LeastLoaded, BoxEndpoint"), &fleet.balance(LeastLoaded::new(), boxed), request),
            Case::service(name("PeakEwma, BoxEndpoint"), &fleet.balance(PeakEwma::new(), boxed), request),
            Case::new(alone("tower's p2c, pending requests"), bench::calls(p2c::pending(size, || Handler), request)),
            Case::new(alone("tower's p2c, peak EWMA"), bench::calls(p2c::peak_ewma(size, || Handler), request)),
            Case::new(
                alone("tower's p2c, peak EWMA, BoxEndpoint"),
                bench::calls(p2c::peak_ewma(size, || Handler.erased()), request),
            ),
            Case::new(name("tower's p2c, pending requests, Buffer"), {
                in_runtime(Buffer::new(p2c::pending(size, || Handler), 64), runtime)
            }),
            Case::new(name("tower's p2c, peak EWMA, Buffer"), {
                in_runtime(Buffer::new(p2c::peak_ewma(size, || Handler), 64), runtime)
            }),
        ]);
        // A fleet of its own: it has all calls counted.
        let fleet = connect(Endpointer::builder(Instancer::fixed(instances(size))), runtime);
        cases.push(Case::service(name("ConsistentHash"), &fleet.balance(by_key, |_| Handler), request));
    }
    cases
}

fn request(n: u32) -> Request<u64> {
    Request::new(black_box(u64::from(n)))
}

/// Calls what needs a task that runs: on one thread, which does the work of both.
fn in_runtime<S>(mut service: S, runtime: &Arc<Runtime>) -> impl FnMut(u32) + use<S>
where
    S: Service<Request<u64>, Response = u64>,
    S::Error: Into<tower::BoxError>,
{
    let runtime = runtime.clone();
    move |calls| {
        runtime.block_on(async {
            for n in 0..calls {
                let reply = async { service.ready().await?.call(request(n)).await }.await;
                assert!(reply.map_err(|error| Error::from(error.into())).is_ok());
            }
        });
    }
}
