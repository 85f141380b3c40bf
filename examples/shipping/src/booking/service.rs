//! The use cases.

use std::sync::Arc;
use std::time::SystemTime;

use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::error::{Error, Part};
use crate::domain::itinerary::{Itinerary, Leg};
use crate::domain::location::{Location, UnLocode};
use crate::domain::repository::{Cargoes, Locations, Voyages};
use crate::domain::route_specification::RouteSpecification;
use crate::domain::routing::RoutingService;

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
        self.locations.check(Part::Origin, &origin)?;
        self.locations.check(Part::Destination, &destination)?;
        self.cargoes.add(RouteSpecification::new(origin, destination, arrival_deadline)?)
    }

    pub(crate) fn cargo(&self, tracking_id: &TrackingId) -> Result<Arc<Cargo>, Error> {
        self.cargoes.find(tracking_id)
    }

    pub(crate) fn cargoes(&self) -> Vec<Arc<Cargo>> {
        self.cargoes.all()
    }

    pub(crate) fn locations(&self) -> &[Location] {
        self.locations.all()
    }

    /// The itineraries among which the customer may choose.
    pub(crate) async fn request_routes(
        &self,
        tracking_id: &TrackingId,
        caller: R::Caller,
    ) -> Result<Vec<Itinerary>, Error> {
        let cargo = self.cargoes.find(tracking_id)?;
        Ok(self.routing.routes_for(cargo.specification(), caller).await)
    }

    /// The itinerary that was chosen.
    pub(crate) fn assign_to_route(&self, tracking_id: &TrackingId, legs: Vec<Leg>) -> Result<(), Error> {
        let itinerary = Itinerary::new(legs)?;
        for (number, leg) in itinerary.legs().enumerate() {
            self.voyages.check(Part::LegVoyage(number), &leg.voyage)?;
            self.locations.check(Part::LegFrom(number), &leg.from)?;
            self.locations.check(Part::LegTo(number), &leg.to)?;
        }
        let assign = &mut |cargo: &mut Cargo| {
            cargo.assign_to_route(itinerary.clone());
            Ok(())
        };
        self.cargoes.update(tracking_id, assign).map(drop)
    }

    /// The customer wants it elsewhere.
    pub(crate) fn change_destination(&self, tracking_id: &TrackingId, destination: &UnLocode) -> Result<(), Error> {
        self.locations.check(Part::Destination, destination)?;
        let change = &mut |cargo: &mut Cargo| cargo.change_destination(destination.clone());
        self.cargoes.update(tracking_id, change).map(drop)
    }
}
