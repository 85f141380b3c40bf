//! Where a cargo is to go, and by when.

use std::time::SystemTime;

use super::error::Error;
use super::itinerary::Itinerary;
use super::location::UnLocode;

/// What the customer has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RouteSpecification {
    origin: UnLocode,
    destination: UnLocode,
    arrival_deadline: SystemTime,
}

impl RouteSpecification {
    /// Fails where nothing is to be moved.
    pub(crate) fn new(origin: UnLocode, destination: UnLocode, arrival_deadline: SystemTime) -> Result<Self, Error> {
        if origin == destination {
            return Err(Error::OriginIsDestination);
        }
        Ok(Self { origin, destination, arrival_deadline })
    }

    pub(crate) const fn origin(&self) -> &UnLocode {
        &self.origin
    }

    pub(crate) const fn destination(&self) -> &UnLocode {
        &self.destination
    }

    pub(crate) const fn arrival_deadline(&self) -> SystemTime {
        self.arrival_deadline
    }

    /// Whether an itinerary does what was asked for. To arrive at the deadline is to be in time.
    pub(crate) fn is_satisfied_by(&self, itinerary: &Itinerary) -> bool {
        itinerary.origin() == &self.origin
            && itinerary.destination() == &self.destination
            && itinerary.arrival() <= self.arrival_deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::{code, day, leg};

    fn to_stockholm_by(deadline: SystemTime) -> RouteSpecification {
        RouteSpecification::new(code("CNHKG"), code("SESTO"), deadline).unwrap()
    }

    #[test]
    fn an_itinerary_from_the_origin_to_the_destination_in_time_satisfies_it() {
        let itinerary =
            Itinerary::new(vec![leg("V300", "CNHKG", "NLRTM", 1, 3), leg("V500", "NLRTM", "SESTO", 4, 6)]).unwrap();
        assert!(to_stockholm_by(day(7)).is_satisfied_by(&itinerary));
        assert!(to_stockholm_by(day(6)).is_satisfied_by(&itinerary));
        assert!(!to_stockholm_by(day(5)).is_satisfied_by(&itinerary));
    }

    #[test]
    fn an_itinerary_between_other_places_does_not_satisfy_it() {
        for (from, to) in [("JNTKO", "SESTO"), ("CNHKG", "DEHAM")] {
            let itinerary = Itinerary::new(vec![leg("V300", from, to, 1, 3)]).unwrap();
            assert!(!to_stockholm_by(day(7)).is_satisfied_by(&itinerary));
        }
    }

    #[test]
    fn nothing_is_sent_to_where_it_is() {
        assert_eq!(RouteSpecification::new(code("SESTO"), code("SESTO"), day(7)), Err(Error::OriginIsDestination));
    }
}
