//! JSON over HTTP: `POST /sum` and `POST /concat`.

use towerkit_transport_http::{Router, Server};

use crate::endpoint::Endpoints;

/// Serves the endpoints.
#[must_use]
pub fn routes(endpoints: Endpoints) -> Router {
    Router::new().post("/sum", Server::json(endpoints.sum)).post("/concat", Server::json(endpoints.concat))
}
