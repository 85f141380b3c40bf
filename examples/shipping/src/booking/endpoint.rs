//! The use cases as endpoints, and where these are over HTTP.

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use towerkit::endpoint::{Context, Error, Request, method_fn, service_fn};
use towerkit::transport::http::codec::{Empty, Json, Path};
use towerkit::transport::http::{Router, Server};

use super::service::Booking;
use crate::domain::cargo::Cargo;
use crate::domain::delivery::RoutingStatus;
use crate::domain::itinerary::{self, Itinerary};
use crate::domain::location::{Location, UnLocode};
use crate::domain::routing::RoutingService;
use crate::domain::voyage::VoyageNumber;
use crate::stack::Stack;
use crate::wire::{self, CargoId, Done, Text};

/// Adds its routes. Those with an id in the path and a body read a pair: one of the path, the other of the JSON.
pub(crate) fn routes<R>(router: Router, booking: Booking<R>, stack: &Stack) -> Router
where
    R: RoutingService<Caller = Context>,
{
    let b = &Arc::new(booking);
    let cargoes = method_fn(b.clone(), |b, ()| async move {
        Ok::<_, Error>(b.cargoes().iter().map(|cargo| CargoView::of(cargo)).collect::<Vec<_>>())
    });
    let book = method_fn(b.clone(), |b, BookCargo { origin, destination, arrival_deadline }| async move {
        b.book(origin, destination, arrival_deadline).map(Text)
    });
    let cargo =
        method_fn(b.clone(), |b, CargoId { id }| async move { b.cargo(&id).map(|cargo| CargoView::of(&cargo)) });
    let routing = b.clone();
    let request_routes = service_fn(move |request: Request<CargoId>| {
        // What is asked of the routing service has the deadline of who asks here, and belongs to the same trace.
        let (b, caller, CargoId { id }) = (routing.clone(), request.context().outgoing(), request.into_message());
        async move {
            let itineraries = b.request_routes(&id, caller).await?;
            let routes = itineraries.iter().map(|itinerary| Route { legs: legs(itinerary) }).collect();
            Ok::<_, Error>(RoutesReply { routes })
        }
    });
    let assign_to_route = method_fn(b.clone(), |b, (CargoId { id }, legs): (_, Vec<Leg>)| async move {
        b.assign_to_route(&id, legs.into_iter().map(Into::into).collect()).map(|()| Done {})
    });
    let change_destination = method_fn(b.clone(), |b, (CargoId { id }, Text(destination))| async move {
        b.change_destination(&id, &destination).map(|()| Done {})
    });
    let locations = method_fn(b.clone(), |b, ()| async move {
        Ok::<_, Error>(b.locations().iter().map(LocationView::of).collect::<Vec<_>>())
    });
    let cargoes = Server::new(stack.around("cargos", cargoes), Empty, Json.under("cargos"));
    let book = Server::new(stack.around("book", book), Json, Json.under("tracking_id"));
    let cargo = Server::new(stack.around("cargo", cargo), Path, Json.under("cargo"));
    let request_routes = Server::new(stack.around("request_routes", request_routes), Path, Json);
    let assign_to_route =
        Server::new(stack.around("assign_to_route", assign_to_route), (Path, Json.under("legs")), Json);
    let change_destination =
        Server::new(stack.around("change_destination", change_destination), (Path, Json.under("destination")), Json);
    router
        .get("/booking/v1/cargos", cargoes)
        .post("/booking/v1/cargos", book)
        .get("/booking/v1/cargos/{id}", cargo)
        .get("/booking/v1/cargos/{id}/request_routes", request_routes)
        .post("/booking/v1/cargos/{id}/assign_to_route", assign_to_route)
        .post("/booking/v1/cargos/{id}/change_destination", change_destination)
        .get("/booking/v1/locations", Server::new(stack.around("locations", locations), Empty, Json.under("locations")))
}

#[derive(Deserialize)]
struct BookCargo {
    #[serde(with = "wire::text")]
    origin: UnLocode,
    #[serde(with = "wire::text")]
    destination: UnLocode,
    #[serde(with = "wire::instant")]
    arrival_deadline: SystemTime,
}

/// Without routes it is `{}`.
#[derive(Serialize)]
struct RoutesReply {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Route>,
}

#[derive(Serialize)]
struct Route {
    legs: Vec<Leg>,
}

#[derive(Serialize)]
struct CargoView {
    #[serde(with = "wire::instant")]
    arrival_deadline: SystemTime,
    destination: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    legs: Vec<Leg>,
    misrouted: bool,
    origin: String,
    routed: bool,
    tracking_id: String,
}

#[derive(Deserialize, Serialize)]
struct Leg {
    #[serde(with = "wire::text")]
    voyage_number: VoyageNumber,
    #[serde(with = "wire::text")]
    from: UnLocode,
    #[serde(with = "wire::text")]
    to: UnLocode,
    #[serde(with = "wire::instant")]
    load_time: SystemTime,
    #[serde(with = "wire::instant")]
    unload_time: SystemTime,
}

#[derive(Serialize)]
struct LocationView {
    locode: String,
    name: &'static str,
}

impl CargoView {
    fn of(cargo: &Cargo) -> Self {
        let specification = cargo.specification();
        Self {
            arrival_deadline: specification.arrival_deadline(),
            destination: specification.destination().to_string(),
            legs: cargo.itinerary().map(legs).unwrap_or_default(),
            misrouted: cargo.delivery().routing == RoutingStatus::Misrouted,
            origin: specification.origin().to_string(),
            routed: cargo.delivery().routing != RoutingStatus::NotRouted,
            tracking_id: cargo.tracking_id().to_string(),
        }
    }
}

impl LocationView {
    fn of(Location { code, name }: &Location) -> Self {
        Self { locode: code.to_string(), name }
    }
}

fn legs(itinerary: &Itinerary) -> Vec<Leg> {
    itinerary.legs().cloned().map(Into::into).collect()
}

impl From<itinerary::Leg> for Leg {
    fn from(itinerary::Leg { voyage, from, to, load_time, unload_time }: itinerary::Leg) -> Self {
        Self { voyage_number: voyage, from, to, load_time, unload_time }
    }
}

impl From<Leg> for itinerary::Leg {
    fn from(Leg { voyage_number, from, to, load_time, unload_time }: Leg) -> Self {
        Self { voyage: voyage_number, from, to, load_time, unload_time }
    }
}
