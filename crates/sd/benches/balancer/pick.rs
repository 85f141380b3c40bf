//! A pick alone, by each strategy: nothing is sent.

use std::hint::black_box;
use std::sync::Arc;

use tokio::runtime::Runtime;
use towerkit_sd::Endpointer;
use towerkit_sd::balancer::{
    Call, Choose, ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Strategy, Weighted,
};
use towerkit_testing::bench::Case;

use crate::fleet::{Handler, UnderWay, in_use};

/// Nanoseconds that a pick may take.
const PICK: f64 = 100.0;

struct Key(u64);

impl Call for Key {}

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
        let balancer = self.endpointer.balance(strategy, |_| Handler);
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
