//! JSON over HTTP: `POST /sum` and `POST /concat`.

use towerkit_endpoint::Endpoint;
use towerkit_lifecycle::Health;
use towerkit_transport_http::codec::{Empty, Text};
use towerkit_transport_http::{Pool, Remote, Router, Server};

use crate::endpoint::Endpoints;

/// Serves the endpoints.
#[must_use]
pub fn routes(endpoints: Endpoints) -> Router {
    Router::new().post("/sum", Server::json(endpoints.sum)).post("/concat", Server::json(endpoints.concat))
}

/// Calls a remote service: the same endpoints, from the other side.
#[must_use]
pub fn client(remote: &Remote<Pool>) -> Endpoints {
    Endpoints { sum: remote.post("/sum").json().erased(), concat: remote.post("/concat").json().erased() }
}

/// Serves what operators ask: `GET /livez` and `GET /readyz`.
#[must_use]
pub fn health(health: &Health) -> Router {
    Router::new()
        .get("/livez", Server::new(health.livez(), Empty, Text))
        .get("/readyz", Server::new(health.readyz(), Empty, Text))
}
