//! The use cases as endpoints: what they are asked and answer, and what a refusal is to a caller.

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use towerkit::endpoint::{BoxEndpoint, Code, Error, method_fn};

use super::service::{self, Booking};
use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::delivery::RoutingStatus;
use crate::domain::itinerary::{self, InvalidItinerary, Itinerary};
use crate::domain::location::{Location, UnLocode};
use crate::domain::routing::RoutingService;
use crate::domain::voyage::VoyageNumber;
use crate::stack::Stack;
use crate::wire;

/// Which cargo.
#[derive(Deserialize)]
pub(crate) struct CargoId {
    #[serde(with = "wire::text")]
    id: TrackingId,
}

#[derive(Deserialize)]
pub(crate) struct BookCargo {
    #[serde(with = "wire::text")]
    origin: UnLocode,
    #[serde(with = "wire::text")]
    destination: UnLocode,
    #[serde(with = "wire::instant")]
    arrival_deadline: SystemTime,
}

#[derive(Serialize)]
pub(crate) struct Booked {
    #[serde(with = "wire::text")]
    tracking_id: TrackingId,
}

#[derive(Deserialize)]
pub(crate) struct AssignToRoute {
    legs: Vec<Leg>,
}

#[derive(Deserialize)]
pub(crate) struct ChangeDestination {
    #[serde(with = "wire::text")]
    destination: UnLocode,
}

#[derive(Serialize)]
pub(crate) struct CargoReply {
    cargo: CargoView,
}

#[derive(Serialize)]
pub(crate) struct CargoesReply {
    cargos: Vec<CargoView>,
}

#[derive(Serialize)]
pub(crate) struct RoutesReply {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Route>,
}

#[derive(Serialize)]
struct Route {
    legs: Vec<Leg>,
}

#[derive(Serialize)]
pub(crate) struct LocationsReply {
    locations: Vec<LocationView>,
}

/// What there is to answer where all is done: `{}`.
#[derive(Serialize)]
pub(crate) struct Done {}

#[derive(Serialize)]
struct CargoView {
    #[serde(with = "wire::instant")]
    arrival_deadline: SystemTime,
    #[serde(with = "wire::text")]
    destination: UnLocode,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    legs: Vec<Leg>,
    misrouted: bool,
    #[serde(with = "wire::text")]
    origin: UnLocode,
    routed: bool,
    #[serde(with = "wire::text")]
    tracking_id: TrackingId,
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
    #[serde(with = "wire::text")]
    locode: UnLocode,
    name: &'static str,
}

/// All of them, each in its stack.
pub(crate) struct Endpoints {
    pub(crate) book: BoxEndpoint<BookCargo, Booked>,
    pub(crate) cargo: BoxEndpoint<CargoId, CargoReply>,
    pub(crate) cargoes: BoxEndpoint<(), CargoesReply>,
    pub(crate) locations: BoxEndpoint<(), LocationsReply>,
    pub(crate) request_routes: BoxEndpoint<CargoId, RoutesReply>,
    pub(crate) assign_to_route: BoxEndpoint<(CargoId, AssignToRoute), Done>,
    pub(crate) change_destination: BoxEndpoint<(CargoId, ChangeDestination), Done>,
}

impl Endpoints {
    pub(crate) fn new<R: RoutingService>(booking: Booking<R>, stack: &Stack) -> Self {
        let booking = Arc::new(booking);
        let book =
            method_fn(booking.clone(), |booking, BookCargo { origin, destination, arrival_deadline }| async move {
                booking.book(origin, destination, arrival_deadline).map(|tracking_id| Booked { tracking_id })
            });
        let cargo = method_fn(booking.clone(), |booking, CargoId { id }| async move {
            booking.cargo(&id).map(|cargo| CargoReply { cargo: cargo.into() })
        });
        let cargoes = method_fn(booking.clone(), |booking, ()| async move {
            let cargos = booking.cargoes().into_iter().map(Into::into).collect();
            Ok::<_, Error>(CargoesReply { cargos })
        });
        let locations = method_fn(booking.clone(), |booking, ()| async move {
            let locations = booking.locations().into_iter().map(Into::into).collect();
            Ok::<_, Error>(LocationsReply { locations })
        });
        let request_routes = method_fn(booking.clone(), |booking, CargoId { id }| async move {
            let itineraries = booking.request_routes(&id).await?;
            let routes = itineraries.iter().map(|itinerary| Route { legs: legs(itinerary) }).collect();
            Ok::<_, service::Error>(RoutesReply { routes })
        });
        let assign_to_route =
            method_fn(booking.clone(), |booking, (CargoId { id }, AssignToRoute { legs })| async move {
                booking.assign_to_route(&id, legs.into_iter().map(Into::into).collect()).map(|()| Done {})
            });
        let change_destination =
            method_fn(booking, |booking, (CargoId { id }, ChangeDestination { destination })| async move {
                booking.change_destination(&id, &destination).map(|()| Done {})
            });
        Self {
            book: stack.around("book", book),
            cargo: stack.around("cargo", cargo),
            cargoes: stack.around("cargos", cargoes),
            locations: stack.around("locations", locations),
            request_routes: stack.around("request_routes", request_routes),
            assign_to_route: stack.around("assign_to_route", assign_to_route),
            change_destination: stack.around("change_destination", change_destination),
        }
    }
}

impl From<service::Error> for Error {
    fn from(error: service::Error) -> Self {
        let text = error.to_string();
        match error {
            service::Error::UnknownCargo => Self::new(Code::NotFound, text),
            service::Error::Full(_) => Self::new(Code::ResourceExhausted, text),
            // The cargo is what the URL names; what is in the body is an argument.
            service::Error::UnknownLocation { given_as, .. } | service::Error::UnknownVoyage { given_as, .. } => {
                Self::invalid(given_as, text)
            }
            service::Error::OriginIsDestination(_) => Self::invalid("destination", text),
            service::Error::Itinerary(InvalidItinerary::NoLegs) => Self::invalid("legs", text),
            service::Error::Itinerary(
                InvalidItinerary::Backwards { leg } | InvalidItinerary::Gap { leg } | InvalidItinerary::Missed { leg },
            ) => Self::invalid(format!("legs[{leg}]"), text),
        }
    }
}

impl From<Cargo> for CargoView {
    fn from(cargo: Cargo) -> Self {
        let specification = cargo.specification();
        Self {
            arrival_deadline: specification.arrival_deadline(),
            destination: specification.destination().clone(),
            legs: cargo.itinerary().map(legs).unwrap_or_default(),
            misrouted: cargo.delivery().routing == RoutingStatus::Misrouted,
            origin: specification.origin().clone(),
            routed: cargo.delivery().routing != RoutingStatus::NotRouted,
            tracking_id: cargo.tracking_id().clone(),
        }
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

impl From<Location> for LocationView {
    fn from(Location { code, name }: Location) -> Self {
        Self { locode: code, name }
    }
}
