//! Handling over HTTP.

use towerkit::transport::http::{Router, Server};

use super::endpoint;
use super::service::Handling;
use crate::stack::Stack;

/// Adds its route.
pub(crate) fn routes(router: Router, handling: Handling, stack: &Stack) -> Router {
    router.post("/handling/v1/incidents", Server::json(endpoint::register(handling, stack)))
}
