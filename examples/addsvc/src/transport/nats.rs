//! NATS: the subjects `addsvc.sum` and `addsvc.concat`, which the replicas of the service share.

use async_nats::{Client, ConnectOptions};
use towerkit_endpoint::{BoxError, Endpoint, Via};
use towerkit_transport_nats::{Events, Remote, Routes, Server};

use crate::endpoint::Endpoints;

/// Serves the endpoints, as a service that `nats micro` knows.
pub fn routes(endpoints: Endpoints) -> Routes {
    Routes::new()
        .service("addsvc", env!("CARGO_PKG_VERSION"))
        .description("Adds numbers and joins texts")
        .queue_group("addsvc")
        .subject("addsvc.sum", Server::json(endpoints.sum).endpoint_name("sum"))
        .subject("addsvc.concat", Server::json(endpoints.concat).endpoint_name("concat"))
}

/// Calls a remote service: the same endpoints, from the other side.
pub fn client(remote: &Remote) -> Endpoints {
    Endpoints {
        sum: remote.subject("addsvc.sum").json().erased(),
        concat: remote.subject("addsvc.concat").json().erased(),
    }
}

/// How an operation is called, for traces.
#[must_use]
pub fn via(operation: &str) -> Via {
    Via::nats(&format!("addsvc.{operation}"))
}

/// Connects to where `--nats-url` says; the name is what NATS' operators see.
///
/// # Errors
///
/// Where there is no NATS. The URL is not part of it, since it may have a password.
pub async fn connect(url: &str, name: &str, events: &Events) -> Result<Client, BoxError> {
    let options = events.attach(ConnectOptions::new().name(name));
    options.connect(url).await.map_err(|error| format!("--nats-url: {error}").into())
}
