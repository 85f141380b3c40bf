//! `uppercase`, as other instances of the service do it.

use std::time::Duration;

use tower::ServiceBuilder;
use towerkit_circuitbreaker::policy::ConsecutiveFailures;
use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer};
use towerkit_endpoint::{BoxEndpoint, BoxError, DeadlineLayer, Endpoint, Request};
use towerkit_ratelimit::{Quota, RateLimiter, ThrottleLayer};
use towerkit_retry::RetryLayer;
use towerkit_sd::balancer::RoundRobin;
use towerkit_sd::{Endpointer, Instance, Instancer};
use towerkit_transport_http::{Pool, Remote};

use crate::service::{Reply, StringRequest};

/// How long a call may take, all attempts together.
const TIME: Duration = Duration::from_millis(250);

/// How often a call is made at most.
const ATTEMPTS: u32 = 3;

/// Calls a second that each instance gets at most; more wait for their turn.
const RATE: u32 = 100;

/// Calls that fail one after the other until an instance's circuit opens.
const FAILURES: u32 = 3;

type Uppercase = BoxEndpoint<StringRequest, Reply<String>>;

/// The method, served by one instance after the other. One that fails is passed over: its circuit opens, and the attempt that it failed
/// goes to another.
pub(crate) fn uppercase(instances: Vec<Instance>) -> Uppercase {
    let pool = Pool::new();
    let fleet = Endpointer::new(Instancer::fixed(instances), move |instance| connect(&pool, instance));
    ServiceBuilder::new()
        // What came with the request is not for others; the time that is left is.
        .map_request(Request::<StringRequest>::outgoing)
        .layer(DeadlineLayer::new(TIME))
        .layer(RetryLayer::new().attempts(ATTEMPTS).idempotent().elsewhere())
        .service(fleet.balance(RoundRobin::new(), Uppercase::clone))
        .erased()
}

/// A client of one instance, with a circuit and a rate of its own.
fn connect(pool: &Pool, instance: &Instance) -> Result<Uppercase, BoxError> {
    let remote = Remote::new(pool, &format!("http://{instance}"))?;
    let client = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(Breaker::new(ConsecutiveFailures::new(FAILURES))))
        .layer(ThrottleLayer::new(RateLimiter::new(Quota::per_second(RATE))))
        .service(remote.post("/uppercase").json());
    Ok(client.erased())
}
