//! JSON-RPC 2.0 over HTTP: the methods `sum` and `concat`, at any path.

use towerkit_endpoint::{Endpoint, Via};
use towerkit_transport_http::json_rpc::{Methods, Remote, server};
use towerkit_transport_http::{Pool, Router};

use crate::endpoint::Endpoints;

/// Serves the endpoints.
pub fn routes(endpoints: Endpoints) -> Router {
    Router::new().fallback(server(Methods::new().with("sum", endpoints.sum).with("concat", endpoints.concat)))
}

/// Calls a remote service: the same endpoints, from the other side.
pub fn client(remote: &Remote<Pool>) -> Endpoints {
    Endpoints { sum: remote.method("sum").erased(), concat: remote.method("concat").erased() }
}

/// How an operation is called, for traces.
#[must_use]
pub fn via(operation: &str) -> Via {
    Via::json_rpc(operation)
}
