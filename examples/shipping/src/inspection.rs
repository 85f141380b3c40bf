//! Inspection: looks at a cargo whenever something was done to it, and says what somebody should know.

mod notices;

use std::sync::Arc;

use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::repository::{Cargoes, HandlingEvents};

pub(crate) use notices::Notices;

/// Who is to know what an inspection finds.
pub(crate) trait Findings: Send + Sync {
    /// It is not where it should be.
    fn misdirected(&self, cargo: &Cargo);

    /// It was unloaded where it is to go.
    fn arrived(&self, cargo: &Cargo);
}

/// Who looks.
pub(crate) struct Inspection {
    pub(crate) cargoes: Arc<dyn Cargoes>,
    pub(crate) events: Arc<dyn HandlingEvents>,
    pub(crate) findings: Box<dyn Findings>,
}

impl Inspection {
    /// Derives its delivery anew. A cargo that is gone by now is nobody's concern.
    pub(crate) fn inspect(&self, tracking_id: &TrackingId) {
        // The history is read while nobody else changes the cargo, so of two events at once the later look sees both.
        let derive = &mut |cargo: &mut Cargo| cargo.handled(&self.events.history(tracking_id));
        let Some(cargo) = self.cargoes.update(tracking_id, derive) else { return };
        if cargo.delivery().is_misdirected {
            self.findings.misdirected(&cargo);
        }
        if cargo.delivery().is_unloaded_at_destination {
            self.findings.arrived(&cargo);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::handling::Activity;
    use crate::domain::itinerary::Itinerary;
    use crate::domain::route_specification::RouteSpecification;
    use crate::domain::sample::{code, day, event, leg, voyage};
    use crate::in_memory;

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

    /// What is heard of a cargo from Hong Kong to Stockholm after an event.
    fn heard_after(activity: Activity, location: &str) -> Vec<&'static str> {
        let happened = event(activity, location, 1);
        let id = happened.tracking_id.clone();
        let specification = RouteSpecification::new(code("CNHKG"), code("SESTO"), day(7)).unwrap();
        let mut cargo = Cargo::new(id.clone(), specification);
        cargo.assign_to_route(Itinerary::new(vec![leg("V300", "CNHKG", "SESTO", 1, 6)]).unwrap());
        let events = in_memory::HandlingEvents::default();
        events.add(happened).unwrap();
        let heard = Heard::default();
        let cargoes = Arc::new(in_memory::Cargoes::new([cargo]));
        Inspection { cargoes, events: Arc::new(events), findings: Box::new(heard.clone()) }.inspect(&id);
        heard.0.lock().unwrap().clone()
    }

    #[test]
    fn an_unload_at_the_destination_is_an_arrival() {
        assert_eq!(heard_after(Activity::Unload(voyage("V300")), "SESTO"), ["arrived"]);
    }

    #[test]
    fn an_event_that_is_off_the_itinerary_is_a_misdirection() {
        assert_eq!(heard_after(Activity::Unload(voyage("V300")), "DEHAM"), ["misdirected"]);
    }

    #[test]
    fn a_cargo_that_arrives_by_another_voyage_is_both() {
        assert_eq!(heard_after(Activity::Unload(voyage("V100")), "SESTO"), ["misdirected", "arrived"]);
    }

    #[test]
    fn of_what_goes_as_planned_nothing_is_said() {
        assert!(heard_after(Activity::Receive, "CNHKG").is_empty());
    }
}
