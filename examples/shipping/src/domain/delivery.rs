//! How the delivery of a cargo stands.

use std::time::SystemTime;

use super::handling::{Activity, History};
use super::itinerary::Itinerary;
use super::location::UnLocode;
use super::route_specification::RouteSpecification;
use super::voyage::VoyageNumber;

/// What follows from what was asked for, how the cargo is to go, and what was done to it. It is never changed, but
/// derived anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) transport: TransportStatus,
    pub(crate) routing: RoutingStatus,
    /// What was done to it last was not on its itinerary.
    pub(crate) is_misdirected: bool,
    /// It lies where it is to go, or was claimed there.
    pub(crate) has_arrived: bool,
    /// When it arrives, where that can be told.
    pub(crate) eta: Option<SystemTime>,
    /// What is to be done to it next, and where, if that can be told.
    pub(crate) next_expected: Option<(Activity, UnLocode)>,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TransportStatus {
    NotReceived,
    InPort(UnLocode),
    OnboardCarrier(VoyageNumber),
    Claimed,
    /// Something was done to it after it was claimed: nobody can say who has it.
    Unknown,
}

/// Whether it has an itinerary that does what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoutingStatus {
    NotRouted,
    Routed,
    Misrouted,
}

impl Delivery {
    pub(crate) fn derived_from(
        specification: &RouteSpecification,
        itinerary: Option<&Itinerary>,
        history: &History,
    ) -> Self {
        let transport = match history.last() {
            None => TransportStatus::NotReceived,
            Some(_) if history.goes_on_after_claim() => TransportStatus::Unknown,
            Some(event) => match &event.activity {
                Activity::Load(voyage) => TransportStatus::OnboardCarrier(voyage.clone()),
                Activity::Claim => TransportStatus::Claimed,
                Activity::Receive | Activity::Unload(_) | Activity::Customs => {
                    TransportStatus::InPort(event.location.clone())
                }
            },
        };
        let routing = match itinerary {
            None => RoutingStatus::NotRouted,
            Some(itinerary) if specification.is_satisfied_by(itinerary) => RoutingStatus::Routed,
            Some(_) => RoutingStatus::Misrouted,
        };
        let is_misdirected = match (itinerary, history.last()) {
            (Some(itinerary), Some(event)) => !itinerary.expects(event),
            _ => false,
        };
        let has_arrived = history.unloaded_at() == Some(specification.destination());
        // What comes next can be told while all goes as it was planned.
        let on_track = itinerary
            .filter(|_| routing == RoutingStatus::Routed && !is_misdirected && transport != TransportStatus::Unknown);
        let next_expected = on_track
            .and_then(|itinerary| itinerary.after(history.events()))
            .map(|(activity, location)| (activity, location.clone()));
        let eta = on_track.map(Itinerary::arrival);
        Self { transport, routing, is_misdirected, has_arrived, eta, next_expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::handling::HandlingEvent;
    use crate::domain::sample::{code, day, event, history, leg, voyage};

    fn specification() -> RouteSpecification {
        RouteSpecification::new(code("CNHKG"), code("SESTO"), day(7)).unwrap()
    }

    fn itinerary() -> Itinerary {
        Itinerary::new(vec![leg("V300", "CNHKG", "NLRTM", 1, 3), leg("V500", "NLRTM", "SESTO", 4, 6)]).unwrap()
    }

    fn after(events: Vec<HandlingEvent>) -> Delivery {
        Delivery::derived_from(&specification(), Some(&itinerary()), &history(events))
    }

    #[test]
    fn a_cargo_without_an_itinerary_is_not_routed_and_nothing_is_expected() {
        let delivery = Delivery::derived_from(&specification(), None, &History::default());
        assert_eq!(delivery.transport, TransportStatus::NotReceived);
        assert_eq!(delivery.routing, RoutingStatus::NotRouted);
        assert_eq!((delivery.eta, delivery.next_expected), (None, None));
        assert!(!delivery.is_misdirected);
    }

    #[test]
    fn a_routed_cargo_is_expected_at_its_origin_and_has_a_time_of_arrival() {
        let delivery = after(vec![]);
        assert_eq!(delivery.routing, RoutingStatus::Routed);
        assert_eq!(delivery.next_expected, Some((Activity::Receive, code("CNHKG"))));
        assert_eq!(delivery.eta, Some(day(6)));
    }

    #[test]
    fn an_itinerary_that_comes_too_late_leaves_it_misrouted_and_without_a_time_of_arrival() {
        let late = Itinerary::new(vec![leg("V300", "CNHKG", "SESTO", 1, 8)]).unwrap();
        let delivery = Delivery::derived_from(&specification(), Some(&late), &History::default());
        assert_eq!(delivery.routing, RoutingStatus::Misrouted);
        assert_eq!((delivery.eta, delivery.next_expected), (None, None));
    }

    #[test]
    fn where_it_is_follows_from_what_was_done_last() {
        for (activity, at, transport) in [
            (Activity::Receive, "CNHKG", TransportStatus::InPort(code("CNHKG"))),
            (Activity::Load(voyage("V300")), "CNHKG", TransportStatus::OnboardCarrier(voyage("V300"))),
            (Activity::Unload(voyage("V300")), "NLRTM", TransportStatus::InPort(code("NLRTM"))),
            (Activity::Customs, "NLRTM", TransportStatus::InPort(code("NLRTM"))),
            (Activity::Claim, "SESTO", TransportStatus::Claimed),
        ] {
            assert_eq!(after(vec![event(activity, at, 1)]).transport, transport);
        }
    }

    #[test]
    fn it_is_misdirected_while_what_was_done_last_is_off_its_itinerary() {
        let astray = event(Activity::Unload(voyage("V300")), "DEHAM", 3);
        let delivery = after(vec![event(Activity::Load(voyage("V300")), "CNHKG", 1), astray.clone()]);
        assert!(delivery.is_misdirected);
        assert_eq!((delivery.eta, delivery.next_expected), (None, None));

        let back = event(Activity::Load(voyage("V500")), "NLRTM", 4);
        let delivery = after(vec![astray, back]);
        assert!(!delivery.is_misdirected);
        assert_eq!(delivery.next_expected, Some((Activity::Unload(voyage("V500")), code("SESTO"))));
    }

    #[test]
    fn a_new_itinerary_from_where_it_is_sets_it_right() {
        let astray = history(vec![event(Activity::Unload(voyage("V300")), "DEHAM", 3)]);
        let onwards =
            Itinerary::new(vec![leg("V300", "CNHKG", "DEHAM", 1, 3), leg("V500", "DEHAM", "SESTO", 4, 5)]).unwrap();
        let delivery = Delivery::derived_from(&specification(), Some(&onwards), &astray);
        assert!(!delivery.is_misdirected);
        assert_eq!(delivery.transport, TransportStatus::InPort(code("DEHAM")));
        assert_eq!(delivery.next_expected, Some((Activity::Load(voyage("V500")), code("DEHAM"))));
        assert_eq!(delivery.eta, Some(day(5)));
    }

    #[test]
    fn another_destination_leaves_it_misrouted_until_it_has_another_itinerary() {
        let elsewhere = RouteSpecification::new(code("CNHKG"), code("DEHAM"), day(7)).unwrap();
        let delivery = Delivery::derived_from(&elsewhere, Some(&itinerary()), &History::default());
        assert_eq!(delivery.routing, RoutingStatus::Misrouted);
    }

    #[test]
    fn it_has_arrived_once_it_is_unloaded_at_its_destination_and_nowhere_else() {
        let unload = event(Activity::Unload(voyage("V500")), "SESTO", 6);
        assert!(after(vec![unload.clone()]).has_arrived);
        assert!(after(vec![event(Activity::Claim, "SESTO", 7), unload]).has_arrived);
        assert!(!after(vec![event(Activity::Unload(voyage("V300")), "NLRTM", 3)]).has_arrived);
        assert!(!after(vec![event(Activity::Customs, "SESTO", 6)]).has_arrived);
    }

    #[test]
    fn nobody_can_say_where_a_cargo_is_that_is_handled_after_it_was_claimed() {
        let delivery = after(vec![event(Activity::Claim, "SESTO", 6), event(Activity::Receive, "CNHKG", 7)]);
        assert_eq!(delivery.transport, TransportStatus::Unknown);
        assert_eq!((delivery.eta, delivery.next_expected), (None, None));
    }
}
