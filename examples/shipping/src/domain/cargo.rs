//! The cargo: what is booked, routed, handled and tracked.

use std::fmt;
use std::str::FromStr;

use super::delivery::Delivery;
use super::error::Error;
use super::handling::{HandlingEvent, History};
use super::itinerary::Itinerary;
use super::location::UnLocode;
use super::route_specification::RouteSpecification;

/// What a cargo is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TrackingId(String);

impl FromStr for TrackingId {
    type Err = NoTrackingId;

    /// Any text but none: whether a cargo has it is another question.
    fn from_str(text: &str) -> Result<Self, NoTrackingId> {
        if text.is_empty() { Err(NoTrackingId) } else { Ok(Self(text.to_owned())) }
    }
}

impl From<u32> for TrackingId {
    /// Eight hex digits.
    fn from(number: u32) -> Self {
        Self(format!("{number:08X}"))
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tracking id that is empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoTrackingId;

impl fmt::Display for NoTrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is empty")
    }
}

impl std::error::Error for NoTrackingId {}

/// A cargo. Its delivery always follows from its specification, its itinerary and its history: they change together,
/// and so a cargo is what is kept as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Cargo {
    tracking_id: TrackingId,
    specification: RouteSpecification,
    itinerary: Option<Itinerary>,
    history: History,
    delivery: Delivery,
}

impl Cargo {
    /// One that was just booked.
    pub(crate) fn new(tracking_id: TrackingId, specification: RouteSpecification) -> Self {
        let history = History::default();
        let delivery = Delivery::derived_from(&specification, None, &history);
        Self { tracking_id, specification, itinerary: None, history, delivery }
    }

    pub(crate) const fn tracking_id(&self) -> &TrackingId {
        &self.tracking_id
    }

    pub(crate) const fn specification(&self) -> &RouteSpecification {
        &self.specification
    }

    pub(crate) const fn itinerary(&self) -> Option<&Itinerary> {
        self.itinerary.as_ref()
    }

    pub(crate) const fn history(&self) -> &History {
        &self.history
    }

    pub(crate) const fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// Sends it another way.
    pub(crate) fn assign_to_route(&mut self, itinerary: Itinerary) {
        self.itinerary = Some(itinerary);
        self.derive();
    }

    /// Sends it elsewhere. Its itinerary stays until it has another.
    pub(crate) fn change_destination(&mut self, destination: UnLocode) -> Result<(), Error> {
        let origin = self.specification.origin().clone();
        self.specification = RouteSpecification::new(origin, destination, self.specification.arrival_deadline())?;
        self.derive();
        Ok(())
    }

    /// Takes note of what was done to it.
    pub(crate) fn handled(&mut self, event: HandlingEvent) -> Result<(), Error> {
        self.history.add(event)?;
        self.derive();
        Ok(())
    }

    fn derive(&mut self) {
        self.delivery = Delivery::derived_from(&self.specification, self.itinerary.as_ref(), &self.history);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::{RoutingStatus, TransportStatus};
    use crate::domain::handling::Activity;
    use crate::domain::sample::{code, day, event, leg};

    fn cargo() -> Cargo {
        let specification = RouteSpecification::new(code("CNHKG"), code("SESTO"), day(7)).unwrap();
        Cargo::new(TrackingId::from(7), specification)
    }

    #[test]
    fn a_tracking_id_of_a_number_has_eight_hex_digits() {
        assert_eq!(TrackingId::from(0xAB_CDEF).to_string(), "00ABCDEF");
        assert_eq!("".parse::<TrackingId>(), Err(NoTrackingId));
    }

    #[test]
    fn a_cargo_is_routed_by_an_itinerary_and_misrouted_by_another_destination() {
        let mut cargo = cargo();
        assert_eq!(cargo.delivery().routing, RoutingStatus::NotRouted);
        cargo.assign_to_route(Itinerary::new(vec![leg("V300", "CNHKG", "SESTO", 1, 6)]).unwrap());
        assert_eq!(cargo.delivery().routing, RoutingStatus::Routed);
        cargo.change_destination(code("DEHAM")).unwrap();
        assert_eq!(cargo.delivery().routing, RoutingStatus::Misrouted);
        assert_eq!(cargo.specification().arrival_deadline(), day(7));
    }

    #[test]
    fn a_destination_that_is_the_origin_changes_nothing() {
        let mut cargo = cargo();
        assert_eq!(cargo.change_destination(code("CNHKG")), Err(Error::OriginIsDestination));
        assert_eq!(cargo.specification().destination(), &code("SESTO"));
    }

    #[test]
    fn another_destination_leaves_what_was_done_to_it() {
        let mut cargo = cargo();
        cargo.handled(event(Activity::Receive, "CNHKG", 1)).unwrap();
        cargo.change_destination(code("DEHAM")).unwrap();
        assert_eq!(cargo.history().last().unwrap().location, code("CNHKG"));
        assert_eq!(cargo.delivery().transport, TransportStatus::InPort(code("CNHKG")));
    }
}
