//! Tracking over HTTP.

use towerkit::transport::http::codec::{Json, Path};
use towerkit::transport::http::{Router, Server};

use super::endpoint;
use super::service::Tracking;
use crate::stack::Stack;

/// Adds its route.
pub(crate) fn routes(router: Router, tracking: Tracking, stack: &Stack) -> Router {
    router.get("/tracking/v1/cargos/{id}", Server::new(endpoint::track(tracking, stack), Path, Json))
}
