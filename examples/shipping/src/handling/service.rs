//! The use case.

use std::sync::Arc;

use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::error::{Error, Part};
use crate::domain::handling::{Activity, HandlingEvent};
use crate::domain::repository::{Cargoes, Locations, Voyages};
use crate::inspection::{Findings, inspect};

/// Where it is told.
pub(crate) struct Handling {
    pub(crate) cargoes: Arc<dyn Cargoes>,
    pub(crate) locations: Arc<dyn Locations>,
    pub(crate) voyages: Arc<dyn Voyages>,
    pub(crate) findings: Box<dyn Findings>,
}

impl Handling {
    /// Takes note of an event. The cargo is inspected thereupon.
    pub(crate) fn register(&self, tracking_id: &TrackingId, event: &HandlingEvent) -> Result<(), Error> {
        self.cargoes.find(tracking_id)?;
        self.locations.check(Part::EventLocation, &event.location)?;
        if let Activity::Load(voyage) | Activity::Unload(voyage) = &event.activity {
            self.voyages.check(Part::EventVoyage, voyage)?;
        }
        let mut before = None;
        // How it stood is noted while nobody else changes the cargo: each change is seen by one of two events at once.
        let take_note = &mut |cargo: &mut Cargo| {
            before = Some(cargo.delivery().clone());
            cargo.handled(event.clone())
        };
        let cargo = self.cargoes.update(tracking_id, take_note)?;
        if let Some(before) = before {
            inspect(&before, &cargo, &*self.findings);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::itinerary::Itinerary;
    use crate::domain::route_specification::RouteSpecification;
    use crate::domain::sample::{code, day, event, leg, voyage};
    use crate::{in_memory, seeds};

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<&'static str>>>);

    impl Findings for Heard {
        fn misdirected(&self, _: &Cargo) {
            self.0.lock().unwrap().push("misdirected");
        }

        fn arrived(&self, _: &Cargo) {
            self.0.lock().unwrap().push("arrived");
        }
    }

    fn id() -> TrackingId {
        TrackingId::from(7)
    }

    /// One cargo, from Hong Kong to Stockholm, and what is heard of it.
    fn handling() -> (Handling, Heard) {
        let mut cargo = Cargo::new(id(), RouteSpecification::new(code("CNHKG"), code("SESTO"), day(7)).unwrap());
        cargo.assign_to_route(Itinerary::new(vec![leg("V300", "CNHKG", "SESTO", 1, 6)]).unwrap());
        let (cargoes, heard) = (Arc::new(in_memory::Cargoes::new([cargo])), Heard::default());
        let (locations, voyages) = (Arc::new(seeds::locations().unwrap()), Arc::new(seeds::voyages().unwrap()));
        (Handling { cargoes, locations, voyages, findings: Box::new(heard.clone()) }, heard)
    }

    /// What is heard of the cargo after events.
    fn heard_after(events: &[HandlingEvent]) -> Vec<&'static str> {
        let (handling, heard) = handling();
        events.iter().for_each(|event| handling.register(&id(), event).unwrap());
        heard.0.lock().unwrap().clone()
    }

    fn unload(number: &str, location: &str, on_day: u64) -> HandlingEvent {
        event(Activity::Unload(voyage(number)), location, on_day)
    }

    #[test]
    fn an_unload_at_the_destination_is_an_arrival() {
        assert_eq!(heard_after(&[unload("V300", "SESTO", 6)]), ["arrived"]);
    }

    #[test]
    fn an_event_that_is_off_the_itinerary_is_a_misdirection() {
        assert_eq!(heard_after(&[unload("V300", "DEHAM", 6)]), ["misdirected"]);
    }

    #[test]
    fn a_cargo_that_arrives_by_another_voyage_is_both() {
        assert_eq!(heard_after(&[unload("V100", "SESTO", 6)]), ["misdirected", "arrived"]);
    }

    #[test]
    fn of_what_goes_as_planned_nothing_is_said() {
        assert!(heard_after(&[event(Activity::Receive, "CNHKG", 1)]).is_empty());
    }

    #[test]
    fn what_is_told_twice_or_changes_nothing_is_heard_of_once() {
        let (arrival, astray) = (unload("V300", "SESTO", 6), unload("V300", "DEHAM", 3));
        assert_eq!(heard_after(&[arrival.clone(), arrival.clone()]), ["arrived"]);
        let (customs, early) = (event(Activity::Customs, "SESTO", 7), event(Activity::Receive, "CNHKG", 1));
        assert_eq!(heard_after(&[arrival, customs, early]), ["arrived"]);
        assert_eq!(heard_after(&[astray.clone(), astray]), ["misdirected"]);
    }

    #[test]
    fn an_arrival_that_is_told_after_the_claim_is_heard_of() {
        let claim = event(Activity::Claim, "SESTO", 7);
        assert_eq!(heard_after(&[claim, unload("V300", "SESTO", 6)]), ["arrived"]);
    }

    #[test]
    fn a_cargo_that_goes_astray_again_is_heard_of_again() {
        let back = event(Activity::Load(voyage("V300")), "CNHKG", 4);
        let astray = |on_day| unload("V300", "DEHAM", on_day);
        assert_eq!(heard_after(&[astray(3), back, astray(5)]), ["misdirected", "misdirected"]);
    }

    #[test]
    fn of_events_at_once_each_change_is_heard_of_once() {
        for _ in 0..50 {
            let (handling, heard) = handling();
            let arrival = unload("V300", "SESTO", 6);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| handling.register(&id(), &arrival).unwrap());
                }
            });
            assert_eq!(*heard.0.lock().unwrap(), ["arrived"]);
        }
    }
}
