//! Booking over HTTP.

use towerkit::transport::http::codec::{Empty, Json, Path};
use towerkit::transport::http::{Router, Server};

use super::endpoint::Endpoints;
use super::service::Booking;
use crate::domain::routing::RoutingService;
use crate::stack::Stack;

/// Adds its routes. Those with an id in the path and a body read a pair: one of the path, the other of the JSON.
pub(crate) fn routes<R: RoutingService>(router: Router, booking: Booking<R>, stack: &Stack) -> Router {
    let endpoints = Endpoints::new(booking, stack);
    router
        .get("/booking/v1/cargos", Server::new(endpoints.cargoes, Empty, Json))
        .post("/booking/v1/cargos", Server::json(endpoints.book))
        .get("/booking/v1/cargos/{id}", Server::new(endpoints.cargo, Path, Json))
        .get("/booking/v1/cargos/{id}/request_routes", Server::new(endpoints.request_routes, Path, Json))
        .post("/booking/v1/cargos/{id}/assign_to_route", Server::new(endpoints.assign_to_route, (Path, Json), Json))
        .post(
            "/booking/v1/cargos/{id}/change_destination",
            Server::new(endpoints.change_destination, (Path, Json), Json),
        )
        .get("/booking/v1/locations", Server::new(endpoints.locations, Empty, Json))
}
