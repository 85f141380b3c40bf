//! How evenly each strategy chooses, among a hundred instances that nobody else calls.

use tokio::runtime::Builder;
use towerkit_sd::balancer::{
    Call, Choose, ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Strategy, Weighted,
};
use towerkit_sd::{Endpointer, Instance, Instancer};

use crate::fleet::{Handler, connect};

const SIZE: u16 = 100;

struct Key(u64);

impl Call for Key {}

/// Each share next to the fair one, which is 1.
pub(crate) fn print(picks: u32) {
    let by_key = || ConsistentHash::by(|key: &Key| key.0);
    shares("RoundRobin", RoundRobin::new(), false, picks);
    shares("Random", Random::new(), false, picks);
    shares("LeastLoaded", LeastLoaded::new(), false, picks);
    shares("PeakEwma", PeakEwma::new(), false, picks);
    shares("Weighted, by weights", Weighted::new(), true, picks);
    shares("ConsistentHash", by_key(), false, picks);
    shares("ConsistentHash, by weights", by_key(), true, picks);
}

fn shares<P: Strategy + Choose<Key>>(name: &str, strategy: P, weighted: bool, picks: u32) {
    let weight = |port: u16| if weighted { [50, 100, 150][usize::from(port % 3)] } else { 100 };
    let instances = (0..SIZE).map(|port| Instance::new("10.0.0.1", port).with_weight(weight(port)));
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let fleet = connect(Endpointer::builder(Instancer::fixed(instances)), &runtime);
    let balancer = fleet.balance(strategy, |_| Handler);
    let mut chosen = vec![0_u32; usize::from(SIZE)];
    for key in 0..picks {
        let instance = balancer.choose(&Key(u64::from(key))).unwrap();
        chosen[usize::from(instance.port())] += 1;
    }
    let weights: f64 = (0..SIZE).map(|port| f64::from(weight(port))).sum();
    let fair = |port: u16| f64::from(picks) * f64::from(weight(port)) / weights;
    let share: Vec<f64> = (0..SIZE).map(|port| f64::from(chosen[usize::from(port)]) / fair(port)).collect();
    let deviation = (share.iter().map(|share| (share - 1.0).powi(2)).sum::<f64>() / f64::from(SIZE)).sqrt();
    let least = share.iter().copied().fold(f64::INFINITY, f64::min);
    let most = share.iter().copied().fold(0.0, f64::max);
    println!(r#"{{"name":"{name}","values":[["least",{least}],["most",{most}],["standard deviation",{deviation}]]}}"#);
}
