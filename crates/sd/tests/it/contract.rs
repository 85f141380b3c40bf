//! The laws that every layer keeps, for the balancer: what a layer keeps of its inner service, it keeps of each instance.

use towerkit_endpoint::{Code, Error, Request};
use towerkit_sd::balancer::{
    Balancer, Choose, ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Strategy, Weighted,
};
use towerkit_sd::{Endpointer, Instance, Instancer};
use towerkit_testing::contract::{Contract, Readiness};
use towerkit_testing::probe::{Probe, ProbeHandle};

type Instances = Probe<Request<u64>, (), Error>;

fn probe() -> (Instances, ProbeHandle) {
    Probe::with_errors(|_| (), |why| Error::from(Code::Unavailable).with_source(why))
}

/// One instance, so that each call meets the probe.
fn around<P: Strategy>(probe: Instances, strategy: P) -> Balancer<Instances, P> {
    let instance = Instance::new("10.0.0.1", 1);
    Endpointer::new(Instancer::fixed([instance]), |_| Ok(())).balance(strategy, move |()| probe.clone())
}

async fn keeps_the_laws<P>(strategy: fn() -> P)
where
    P: Choose<Request<u64>>,
{
    Contract::with_probe(probe, move |probe| around(probe, strategy()), || Request::new(7))
        .readiness(Readiness::AlwaysReady)
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn every_balancer_keeps_the_laws() {
    keeps_the_laws(RoundRobin::new).await;
    keeps_the_laws(Random::new).await;
    keeps_the_laws(LeastLoaded::new).await;
    keeps_the_laws(PeakEwma::new).await;
    keeps_the_laws(Weighted::new).await;
}

#[tokio::test(start_paused = true)]
async fn a_balancer_by_key_keeps_the_laws() {
    fn by(request: &Request<u64>) -> u64 {
        *request.message()
    }
    keeps_the_laws(|| ConsistentHash::by(by as fn(&Request<u64>) -> u64)).await;
}

#[tokio::test(start_paused = true)]
async fn a_balancer_without_instances_keeps_the_laws_when_it_refuses() {
    Contract::with_probe(probe, |probe| around(probe, RoundRobin::new()), || Request::new(7))
        .readiness(Readiness::AlwaysReady)
        .refuses(|probe: Instances| {
            Endpointer::new(Instancer::fixed([]), |_| Ok(())).balance(RoundRobin::new(), move |()| probe.clone())
        })
        .check()
        .await;
}
