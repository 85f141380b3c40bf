//! The use cases.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::itinerary::{InvalidItinerary, Itinerary, Leg};
use crate::domain::location::{Location, UnLocode};
use crate::domain::repository::{Cargoes, Full, Locations, Voyages};
use crate::domain::route_specification::{OriginIsDestination, RouteSpecification};
use crate::domain::routing::RoutingService;
use crate::domain::voyage::VoyageNumber;

/// Where cargoes are booked and routed.
pub(crate) struct Booking<R> {
    pub(crate) cargoes: Arc<dyn Cargoes>,
    pub(crate) locations: Arc<dyn Locations>,
    pub(crate) voyages: Arc<dyn Voyages>,
    pub(crate) routing: R,
}

impl<R: RoutingService> Booking<R> {
    /// A new cargo, which is not routed yet.
    pub(crate) fn book(
        &self,
        origin: UnLocode,
        destination: UnLocode,
        arrival_deadline: SystemTime,
    ) -> Result<TrackingId, Error> {
        self.check_location("origin", &origin)?;
        self.check_location("destination", &destination)?;
        Ok(self.cargoes.add(RouteSpecification::new(origin, destination, arrival_deadline)?)?)
    }

    pub(crate) fn cargo(&self, tracking_id: &TrackingId) -> Result<Cargo, Error> {
        self.cargoes.find(tracking_id).ok_or(Error::UnknownCargo)
    }

    pub(crate) fn cargoes(&self) -> Vec<Cargo> {
        self.cargoes.all()
    }

    pub(crate) fn locations(&self) -> Vec<Location> {
        self.locations.all()
    }

    /// The itineraries among which the customer may choose.
    pub(crate) async fn request_routes(&self, tracking_id: &TrackingId) -> Result<Vec<Itinerary>, Error> {
        let cargo = self.cargo(tracking_id)?;
        Ok(self.routing.routes_for(cargo.specification()).await)
    }

    /// The itinerary that was chosen.
    pub(crate) fn assign_to_route(&self, tracking_id: &TrackingId, legs: Vec<Leg>) -> Result<(), Error> {
        for (number, leg) in legs.iter().enumerate() {
            self.check_location(format!("legs[{number}].from"), &leg.from)?;
            self.check_location(format!("legs[{number}].to"), &leg.to)?;
            if !self.voyages.knows(&leg.voyage) {
                return Err(Error::UnknownVoyage {
                    given_as: format!("legs[{number}].voyage_number"),
                    number: leg.voyage.clone(),
                });
            }
        }
        let itinerary = Itinerary::new(legs)?;
        let assign = &mut |cargo: &mut Cargo| cargo.assign_to_route(itinerary.clone());
        self.cargoes.update(tracking_id, assign).map(drop).ok_or(Error::UnknownCargo)
    }

    /// The customer wants it elsewhere.
    pub(crate) fn change_destination(&self, tracking_id: &TrackingId, destination: &UnLocode) -> Result<(), Error> {
        self.check_location("destination", destination)?;
        let mut changed = Ok(());
        let change = &mut |cargo: &mut Cargo| changed = cargo.change_destination(destination.clone());
        self.cargoes.update(tracking_id, change).ok_or(Error::UnknownCargo)?;
        Ok(changed?)
    }

    fn check_location(&self, given_as: impl Into<String>, code: &UnLocode) -> Result<(), Error> {
        if self.locations.knows(code) {
            return Ok(());
        }
        Err(Error::UnknownLocation { given_as: given_as.into(), code: code.clone() })
    }
}

/// Why a booking is refused.
#[derive(Debug)]
pub(crate) enum Error {
    UnknownCargo,
    UnknownLocation { given_as: String, code: UnLocode },
    UnknownVoyage { given_as: String, number: VoyageNumber },
    OriginIsDestination(OriginIsDestination),
    Itinerary(InvalidItinerary),
    Full(Full),
}

impl From<OriginIsDestination> for Error {
    fn from(error: OriginIsDestination) -> Self {
        Self::OriginIsDestination(error)
    }
}

impl From<InvalidItinerary> for Error {
    fn from(error: InvalidItinerary) -> Self {
        Self::Itinerary(error)
    }
}

impl From<Full> for Error {
    fn from(error: Full) -> Self {
        Self::Full(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCargo => f.write_str("unknown cargo"),
            Self::UnknownLocation { code, .. } => write!(f, "unknown location {code}"),
            Self::UnknownVoyage { number, .. } => write!(f, "unknown voyage {number}"),
            Self::OriginIsDestination(error) => error.fmt(f),
            Self::Itinerary(error) => error.fmt(f),
            Self::Full(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
