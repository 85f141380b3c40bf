//! Four ways to call the same fleet.

use std::sync::{Arc, Mutex, PoisonError};

use addsvc::endpoint::{Endpoints, SumReply, SumRequest};
use addsvc::transport::grpc;
use tokio::time::Instant;
use tower::ServiceBuilder;
use towerkit_endpoint::{BoxEndpoint, BoxError, DeadlineLayer, Endpoint};
use towerkit_retry::{Budget, RetryLayer};
use towerkit_sd::balancer::RoundRobin;
use towerkit_sd::consul::Consul;
use towerkit_sd::{Endpointer, EndpointerEvent};
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::Pool;

use crate::scenario::Plan;
use crate::servers;

/// The instances of the fleet, as one client has them.
pub type Fleet = Endpointer<Endpoints>;

/// What a client has besides a deadline.
#[derive(Clone, Copy, Debug)]
struct Ways {
    name: &'static str,
    retry: bool,
    health: bool,
}

const WAYS: [Ways; 4] = [
    Ways { name: "deadline alone", retry: false, health: false },
    Ways { name: "retry", retry: true, health: false },
    Ways { name: "passive health", retry: false, health: true },
    Ways { name: "both", retry: true, health: true },
];

/// How many instances a client had, and since when.
pub type Sizes = Vec<(Instant, usize)>;

/// One way to call.
#[derive(Debug)]
pub struct Client {
    name: &'static str,
    sizes: Arc<Mutex<Sizes>>,
    fleet: Fleet,
    sum: BoxEndpoint<SumRequest, SumReply>,
}

impl Client {
    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it knows of the fleet.
    #[must_use]
    pub fn fleet(&self) -> Fleet {
        self.fleet.clone()
    }

    /// How many instances it had up to now.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How it calls.
    #[must_use]
    pub fn sum(&self) -> BoxEndpoint<SumRequest, SumReply> {
        self.sum.clone()
    }
}

/// All of them, each with a watch of the registry and connections of its own.
///
/// # Errors
///
/// When the registry has no address.
pub fn all(consul: &servers::Consul, plan: &Plan) -> Result<Vec<Client>, BoxError> {
    WAYS.iter().map(|ways| client(*ways, consul, plan)).collect()
}

fn client(ways: Ways, consul: &servers::Consul, plan: &Plan) -> Result<Client, BoxError> {
    let Ways { name, retry, health } = ways;
    let consul = Consul::new(&format!("http://{}", consul.address()))?;
    let builder = Endpointer::builder(consul.service(addsvc::registry::NAME).instancer());
    let builder = if health { builder.outliers(plan.outliers.clone()) } else { builder.without_outliers() };
    let (listener, sizes) = (plan.on_event.clone(), Arc::<Mutex<Sizes>>::default());
    let told = sizes.clone();
    let pool = Pool::builder().http2().build();
    let fleet = builder
        .on_event(move |event| {
            if let EndpointerEvent::Changed { total, .. } = event {
                told.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), *total));
            }
            listener(name, event);
        })
        .connect(move |instance| Ok(grpc::client(&Remote::new(&pool, &format!("http://{instance}"))?)));

    // What hangs with an instance is all that it was sent in the time of an attempt: so many calls at once may be made again.
    let budget = Budget::new(0.2).burst(100);
    let attempts = RetryLayer::new().attempt_timeout(plan.attempt_timeout).budget(budget).idempotent();
    let sum = ServiceBuilder::new()
        .layer(DeadlineLayer::new(plan.deadline)) // for all attempts together
        .option_layer(retry.then_some(attempts))
        .service(fleet.balance(RoundRobin::new(), |one: &Endpoints| one.sum.clone()))
        .erased();
    Ok(Client { name, sizes, fleet, sum })
}
