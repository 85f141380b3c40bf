//! One of ten thousand instances is replaced: what it costs until the balancer chooses from the new set.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Runtime;
use tokio::task::yield_now;
use tower::Service as _;
use tower::balance::p2c::Balance;
use tower::discover::Change;
use towerkit_endpoint::Request;
use towerkit_sd::balancer::{Balancer, ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Strategy, Weighted};
use towerkit_sd::{Endpointer, EndpointerEvent, Instancer};
use towerkit_testing::bench::Case;

use crate::fleet::{Handler, connect, instance, instances};
use crate::p2c::{Changes, ewma};

const SIZE: usize = 10_000;

pub(crate) fn cases(runtime: &Arc<Runtime>) -> Vec<Case> {
    vec![
        case("no balancer", runtime, |_| ()),
        case("RoundRobin", runtime, |fleet| balancer(fleet, RoundRobin::new())),
        case("Random", runtime, |fleet| balancer(fleet, Random::new())),
        case("LeastLoaded", runtime, |fleet| balancer(fleet, LeastLoaded::new())),
        case("PeakEwma", runtime, |fleet| balancer(fleet, PeakEwma::new())),
        case("Weighted", runtime, |fleet| balancer(fleet, Weighted::new())),
        case("ConsistentHash", runtime, |fleet| {
            balancer(fleet, ConsistentHash::by(|request: &Request<u64>| *request.message()))
        }),
        tower(),
    ]
}

fn balancer<P: Strategy>(fleet: &Endpointer<usize>, strategy: P) -> Balancer<Handler, P> {
    fleet.balance(strategy, |_| Handler)
}

/// Publishes the two sets in turn, of which each has one instance that the other has not.
fn case<B: Send + 'static>(name: &str, runtime: &Arc<Runtime>, balancer: impl Fn(&Endpointer<usize>) -> B) -> Case {
    let set = |more: usize| -> Vec<_> { instances(SIZE - 1).into_iter().chain([instance(more)]).collect() };
    let sets = [set(SIZE), set(SIZE + 1)];
    let (publisher, instancer) = Instancer::channel("benchmark");
    publisher.publish(sets[0].iter().cloned());
    let changes = Arc::new(AtomicU32::new(0));
    let counted = changes.clone();
    let builder = Endpointer::builder(instancer).on_event(move |event| {
        if matches!(event, EndpointerEvent::Changed { .. }) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let fleet = connect(builder, runtime);
    let (balancer, runtime) = (balancer(&fleet), runtime.clone());
    Case::new(name, move |rounds| {
        let _held = (&balancer, &fleet);
        runtime.block_on(async {
            for _ in 0..rounds {
                let seen = changes.load(Ordering::Relaxed);
                publisher.publish(sets[seen as usize % 2].iter().cloned());
                while changes.load(Ordering::Relaxed) == seen {
                    yield_now().await;
                }
            }
        });
    })
}

/// It is told what has changed, and need not find out.
fn tower() -> Case {
    let changes = Arc::new(Mutex::new(VecDeque::new()));
    let insert = |number| Change::Insert(number, ewma(Handler));
    changes.lock().unwrap().extend((0..SIZE).map(insert));
    let mut balance = Balance::<_, Request<u64>>::new(Changes(changes.clone()));
    let mut next = SIZE;
    Case::new("tower's p2c, peak EWMA", move |rounds| {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..rounds {
            changes.lock().unwrap().extend([Change::Remove(next - SIZE), insert(next)]);
            next += 1;
            assert!(matches!(balance.poll_ready(&mut cx), Poll::Ready(Ok(()))));
        }
    })
}
