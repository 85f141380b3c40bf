//! Instances that are called by the measured balancers, in the state in which those find them.

use std::future::{Future, Pending, Ready, pending, ready};
use std::hint::{black_box, spin_loop};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Runtime;
use tower::Service;
use towerkit_endpoint::{Code, Error, Request};
use towerkit_sd::balancer::{BalancerFuture, Choose, ConsistentHash, Members, Nodes, Strategy};
use towerkit_sd::{Endpointer, EndpointerBuilder, Instance, Instancer, Outliers};

/// So many, each at an address of its own; their weights are 50, 100 and 150 in turn.
pub(crate) fn instances(size: usize) -> Vec<Instance> {
    (0..size).map(|number| instance(number).with_weight([50, 100, 150][number % 3])).collect()
}

/// Of the default weight.
pub(crate) fn instance(number: usize) -> Instance {
    Instance::new(&format!("10.{}.{}.{}", number / 62_500, number / 250 % 250, number % 250), 8080)
}

/// A connection is its number, in the order of connecting.
pub(crate) fn connect(builder: EndpointerBuilder, runtime: &Runtime) -> Endpointer<usize> {
    let number = AtomicUsize::new(0);
    let endpointer = builder.connect(move |_| Ok(number.fetch_add(1, Ordering::Relaxed)));
    runtime.block_on(endpointer.ready()).unwrap();
    endpointer
}

/// Calls that do not end, as long as this is held.
pub(crate) type UnderWay = Vec<Pin<Box<BalancerFuture<Endless, Each, Request<u64>>>>>;

/// A fleet in use: latencies are known, each instance has three calls under way at most, and where asked a tenth is ejected.
pub(crate) fn in_use(size: usize, a_tenth_ejected: bool, runtime: &Runtime) -> (Endpointer<usize>, UnderWay) {
    let hour = Duration::from_secs(3600);
    let outliers =
        Outliers::new().consecutive_faults(1).base_ejection_time(hour).max_ejection_time(hour).max_ejected(0.1);
    let builder = Endpointer::builder(Instancer::fixed(instances(size))).outliers(outliers);
    let endpointer = connect(builder, runtime);
    let mut cx = Context::from_waker(Waker::noop());
    let request = || Request::new(1);

    // The count of all calls is kept from the first balancer on that wants it.
    let _counts = endpointer.balance(ConsistentHash::by(|request: &Request<u64>| *request.message()), |_| Endless);
    let mut busy = endpointer.balance(Each::default(), |_| Busy);
    for _ in 0..size {
        assert!(Box::pin(busy.call(request())).as_mut().poll(&mut cx).is_ready());
    }
    let mut endless = endpointer.balance(Each::default(), |_| Endless);
    let mut under_way = UnderWay::new();
    for _ in 0..size {
        for _ in 0..fastrand::usize(..=3) {
            under_way.push(Box::pin(endless.call(request())));
        }
        // A turn for each instance.
        drop(endless.choose(&request()));
    }
    under_way.iter_mut().for_each(|call| assert!(call.as_mut().poll(&mut cx).is_pending()));
    if a_tenth_ejected {
        let mut faulty = endpointer.balance(Each::default(), |number| Faulty(number % 10 == 0));
        for _ in 0..size {
            assert!(Box::pin(faulty.call(request())).as_mut().poll(&mut cx).is_ready());
        }
        let ejected = endpointer.members().iter().filter(|member| member.ejected).count();
        assert_eq!(ejected, size / 10);
    }
    (endpointer, under_way)
}

/// Each instance once, in order, with latencies.
#[derive(Default)]
pub(crate) struct Each(AtomicUsize);

impl Strategy for Each {
    type Index = ();

    const LATENCY_DECAY: Option<Duration> = Some(Duration::from_secs(10));

    fn index(&self, _: Members<'_>) {}
}

impl<R> Choose<R> for Each {
    fn choose(&self, (): &(), nodes: &Nodes<'_>, _: &R) -> Option<usize> {
        Some(self.0.fetch_add(1, Ordering::Relaxed) % nodes.len())
    }
}

/// Takes a moment, which it does not tell before.
#[derive(Clone)]
struct Busy;

/// Never answers.
#[derive(Clone)]
pub(crate) struct Endless;

/// Fails at once, or does not.
#[derive(Clone)]
struct Faulty(bool);

/// Answers at once.
#[derive(Clone)]
pub(crate) struct Handler;

macro_rules! service {
    ($service:ty, $future:ty, $call:expr) => {
        impl Service<Request<u64>> for $service {
            type Response = u64;
            type Error = Error;
            type Future = $future;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request<u64>) -> Self::Future {
                let call: fn(&Self, u64) -> Self::Future = $call;
                call(self, request.into_message())
            }
        }
    };
}

service!(Handler, Ready<Result<u64, Error>>, |_, n| ready(Ok(black_box(n + 1))));
service!(Endless, Pending<Result<u64, Error>>, |_, _| pending());
service!(Faulty, Ready<Result<u64, Error>>, |faulty, n| {
    ready(if faulty.0 { Err(Error::from(Code::Unavailable)) } else { Ok(n) })
});
service!(Busy, Ready<Result<u64, Error>>, |_, n| {
    (0..fastrand::u32(..1000)).for_each(|_| spin_loop());
    ready(Ok(n))
});
