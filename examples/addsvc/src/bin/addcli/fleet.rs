//! All instances of the service, behind a balancer.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use addsvc::client;
use addsvc::endpoint::{ConcatRequest, Endpoints, SumRequest};
use addsvc::registry::{HTTP, JSON_RPC};
use clap::ValueEnum;
use tower::ServiceExt as _;
use towerkit_endpoint::{BoxError, Endpoint, Error, Request};
use towerkit_sd::balancer::{Choose, ConsistentHash, LeastLoaded, PeakEwma, Random, RoundRobin, Weighted};
use towerkit_sd::{Endpointer, Instance, Instancer};

use crate::remote::{Connector, Transport};

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum BalancerKind {
    /// One after the other.
    RoundRobin,
    /// By lot.
    Random,
    /// Of two by lot, the one with fewer calls under way.
    LeastLoaded,
    /// Of two by lot, the one with less latency times calls.
    PeakEwma,
    /// By lot, in proportion to their weights.
    Weighted,
    /// The same one for the same first operand.
    ConsistentHash,
}

/// The endpoints of all instances that there are, balanced.
pub(crate) fn endpoints(
    instancer: Instancer,
    transport: Transport,
    balancer: BalancerKind,
    tally: &Tally,
) -> Endpoints {
    let (connector, tally) = (Connector::new(transport), tally.clone());
    let fleet = Endpointer::new(instancer, move |instance| {
        let remote = connector.connect(at(instance, transport))?;
        Ok::<_, BoxError>(client::guarded(tally.counting(instance, remote)))
    });
    match balancer {
        BalancerKind::RoundRobin => balance(&fleet, RoundRobin::new),
        BalancerKind::Random => balance(&fleet, Random::new),
        BalancerKind::LeastLoaded => balance(&fleet, LeastLoaded::new),
        BalancerKind::PeakEwma => balance(&fleet, PeakEwma::new),
        BalancerKind::Weighted => balance(&fleet, Weighted::new),
        BalancerKind::ConsistentHash => {
            let number = ConsistentHash::by(|request: &Request<SumRequest>| request.message().a);
            let text = ConsistentHash::by(|request: &Request<ConcatRequest>| request.message().a.clone());
            Endpoints {
                sum: fleet.balance(number, |one: &Endpoints| one.sum.clone()).erased(),
                concat: fleet.balance(text, |one: &Endpoints| one.concat.clone()).erased(),
            }
        }
    }
}

fn balance<P>(fleet: &Endpointer<Endpoints>, strategy: impl Fn() -> P) -> Endpoints
where
    P: Choose<Request<SumRequest>> + Choose<Request<ConcatRequest>>,
{
    Endpoints {
        sum: fleet.balance(strategy(), |one: &Endpoints| one.sum.clone()).erased(),
        concat: fleet.balance(strategy(), |one: &Endpoints| one.concat.clone()).erased(),
    }
}

/// An instance that is registered is at its gRPC address, and its labels say where it has the others.
fn at(instance: &Instance, transport: Transport) -> &str {
    let label = match transport {
        Transport::Grpc => None,
        Transport::Http => instance.label(HTTP),
        Transport::Jsonrpc => instance.label(JSON_RPC),
    };
    label.unwrap_or_else(|| instance.address())
}

/// Which instance had how many calls.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<BTreeMap<String, Counts>>>);

#[derive(Default)]
struct Counts {
    answered: u64,
    failed: u64,
}

impl Tally {
    /// The endpoints of an instance, with every call counted that reaches it.
    fn counting(&self, instance: &Instance, Endpoints { sum, concat }: Endpoints) -> Endpoints {
        let (tally, counted) = (self.clone(), instance.address().to_owned());
        let sum = sum.map_result(move |result| tally.count(&counted, result));
        let (tally, counted) = (self.clone(), instance.address().to_owned());
        let concat = concat.map_result(move |result| tally.count(&counted, result));
        Endpoints { sum: sum.erased(), concat: concat.erased() }
    }

    fn count<R>(&self, instance: &str, result: Result<R, Error>) -> Result<R, Error> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.entry(instance.to_owned()).or_default();
        // What the service refuses it has answered.
        if result.as_ref().is_err_and(|error| error.code().is_fault()) {
            counts.failed += 1;
        } else {
            counts.answered += 1;
        }
        result
    }
}

/// A line for each instance.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (instance, Counts { answered, failed }) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            writeln!(f, "{instance}: {answered} answered, {failed} failed")?;
        }
        Ok(())
    }
}
