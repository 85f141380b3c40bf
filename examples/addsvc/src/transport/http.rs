//! JSON over HTTP: `POST /sum` and `POST /concat`.

use http::Method;
use towerkit_endpoint::{Endpoint, Via};
use towerkit_lifecycle::Health;
use towerkit_metrics::Prometheus;
use towerkit_transport_http::codec::{Empty, Raw, Text};
use towerkit_transport_http::{Pool, Remote, Router, Server};

use crate::endpoint::Endpoints;

/// Serves the endpoints.
pub fn routes(endpoints: Endpoints) -> Router {
    Router::new().post("/sum", Server::json(endpoints.sum)).post("/concat", Server::json(endpoints.concat))
}

/// Calls a remote service: the same endpoints, from the other side.
pub fn client(remote: &Remote<Pool>) -> Endpoints {
    Endpoints { sum: remote.post("/sum").json().erased(), concat: remote.post("/concat").json().erased() }
}

/// How an operation is called, for traces.
#[must_use]
pub fn via(operation: &str) -> Via {
    Via::http(Method::POST, &format!("/{operation}"))
}

/// Serves what operators ask: `GET /livez`, `GET /readyz` and `GET /metrics`.
pub fn debug(health: &Health, prometheus: &Prometheus) -> Router {
    Router::new()
        .get("/livez", Server::new(health.livez(), Empty, Text))
        .get("/readyz", Server::new(health.readyz(), Empty, Text))
        .get("/metrics", Server::new(prometheus.scrape(), Empty, Raw::default()))
}
