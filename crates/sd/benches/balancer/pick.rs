//! A pick alone, by each strategy: nothing is sent.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use towerkit_sd::Endpointer;
use towerkit_sd::balancer::{
    Call, Choose, ConsistentHash, LeastLoaded, Members, Nodes, PeakEwma, Random, RoundRobin, Strategy, Weighted,
};
use towerkit_testing::bench::Case;

use crate::fleet::{Handler, UnderWay, in_use};

/// Nanoseconds that a pick may take.
const PICK: f64 = 100.0;

struct Key(u64);

impl Call for Key {}

/// Chooses, and says that it was the first: so that what is measured is the choice, without a copy of the instance that was chosen.
struct Alone<P>(P);

impl<P: Strategy> Strategy for Alone<P> {
    type Index = P::Index;

    const COUNTS_ALL: bool = P::COUNTS_ALL;
    const LATENCY_DECAY: Option<Duration> = P::LATENCY_DECAY;

    fn index(&self, members: Members<'_>) -> P::Index {
        self.0.index(members)
    }
}

impl<R, P: Choose<R>> Choose<R> for Alone<P> {
    fn choose(&self, index: &P::Index, nodes: &Nodes<'_>, request: &R) -> Option<usize> {
        black_box(self.0.choose(index, nodes, request)).map(|_| 0)
    }
}

pub(crate) fn cases(runtime: &Arc<Runtime>) -> Vec<Case> {
    let mut cases = Vec::new();
    for ejected in [false, true] {
        for size in crate::SIZES {
            let (endpointer, under_way) = in_use(size, ejected, runtime);
            let fleet = Fleet { endpointer, under_way: under_way.into(), size, ejected };
            cases.extend([
                fleet.case("RoundRobin", RoundRobin::new()),
                fleet.case("Random", Random::new()),
                fleet.case("LeastLoaded", LeastLoaded::new()),
                fleet.case("PeakEwma", PeakEwma::new()),
                fleet.case("Weighted", Weighted::new()),
                fleet.case("ConsistentHash", ConsistentHash::by(|key: &Key| key.0)),
            ]);
        }
    }
    cases
}

struct Fleet {
    endpointer: Endpointer<usize>,
    under_way: Arc<UnderWay>,
    size: usize,
    ejected: bool,
}

impl Fleet {
    fn case<P: Strategy + Choose<Key>>(&self, name: &str, strategy: P) -> Case {
        let balancer = self.endpointer.balance(Alone(strategy), |_| Handler);
        let run = || {
            let (balancer, under_way) = (balancer.clone(), self.under_way.clone());
            move |picks| {
                let _held = &under_way;
                for n in 0..picks {
                    assert!(black_box(balancer.choose(&Key(black_box(u64::from(n))))).is_some());
                }
            }
        };
        let state = if self.ejected { ", a tenth ejected" } else { "" };
        Case::shared(format!("{name} / {}{state}", self.size), run).budget(PICK)
    }
}
