//! A service behind the gateway: where its instances are, and what goes around the calls to it.

use std::fmt;
use std::time::Duration;

use addsvc::registry::Registry;
use addsvc::telemetry::Telemetry;
use tower::ServiceBuilder;
use towerkit_endpoint::{BoxEndpoint, BoxError, DeadlineLayer, Endpoint, Error, Request, Via};
use towerkit_log::Logger;
use towerkit_retry::{Budget, RetryLayer};
use towerkit_sd::balancer::RoundRobin;
use towerkit_sd::{Endpointer, Instance, Instancer};

/// How hard a call is tried.
#[derive(Clone, Copy)]
pub(crate) struct Attempts {
    /// How often it is made at most.
    pub(crate) most: u32,
    /// How long it may take in all.
    pub(crate) time: Duration,
}

/// A service, and where its instances are.
pub(crate) struct Upstream {
    name: &'static str,
    instancer: Instancer,
    /// None where a registry says where they are.
    list: Option<String>,
}

impl Upstream {
    /// By a list, or else a registry, or else where it is by default.
    pub(crate) fn new(
        name: &'static str,
        list: Option<Vec<Instance>>,
        registry: Option<&Registry>,
        default: Instance,
    ) -> Self {
        if let (None, Some(registry)) = (&list, registry) {
            return Self { name, instancer: registry.instancer(name), list: None };
        }
        let instances = list.unwrap_or_else(|| vec![default]);
        let list = instances.iter().map(Instance::address).collect::<Vec<_>>().join(", ");
        Self { name, instancer: Instancer::fixed(instances), list: Some(list) }
    }

    /// Its instances, each with one connection for all methods, which is made by a function. What becomes of them is logged.
    pub(crate) fn connect<C: Clone + Send + Sync + 'static>(
        self,
        log: &Logger,
        connect: impl Fn(&Instance) -> Result<C, BoxError> + Send + Sync + 'static,
    ) -> Endpointer<C> {
        let (name, log) = (self.name, log.clone());
        Endpointer::builder(self.instancer)
            .on_event(move |event| log.scope(|| tracing::info!("{name}: {event}")))
            .connect(connect)
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.list {
            Some(list) => write!(f, "{} is at {list}", self.name),
            None => write!(f, "{} is where the registry says", self.name),
        }
    }
}

/// What goes around the calls of one service.
pub(crate) struct Caller {
    attempts: Attempts,
    budget: Budget,
    telemetry: Telemetry,
}

impl Caller {
    pub(crate) fn new(attempts: Attempts, telemetry: Telemetry) -> Self {
        // What an instance that is killed takes with it is all under way there: so many calls at once may be made again.
        Self { attempts, budget: Budget::new(0.2).burst(100), telemetry }
    }

    /// A method of the service, on one instance after the other. Each attempt goes to another one.
    pub(crate) fn method<C, T, S>(
        &self,
        operation: &'static str,
        via: Via,
        fleet: &Endpointer<C>,
        method: impl Fn(&C) -> S + Send + Sync + 'static,
    ) -> BoxEndpoint<T, S::Reply>
    where
        C: Clone + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
        S: Endpoint<T, Failure = Error>,
    {
        let Self { attempts, budget, telemetry } = self;
        ServiceBuilder::new()
            .layer(telemetry.requests(operation))
            // What came with the request is not for others; the time that is left is, and the trace.
            .map_request(Request::<T>::outgoing)
            .layer(telemetry.calls(operation, via))
            .layer(DeadlineLayer::new(attempts.time))
            .layer(RetryLayer::new().attempts(attempts.most).budget(budget.clone()).idempotent().elsewhere())
            .layer(telemetry.tracer.attempts())
            .service(fleet.balance(RoundRobin::new(), method))
            .erased()
    }
}
