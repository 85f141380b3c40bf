//! The repositories, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::handling::{HandlingEvent, History};
use crate::domain::location::{Location, UnLocode};
use crate::domain::repository::{self, Full};
use crate::domain::route_specification::RouteSpecification;
use crate::domain::voyage::VoyageNumber;

/// Cargoes that are kept at most, and events of them: memory has an end, and callers have none.
const MOST: usize = 100_000;

/// The cargoes.
#[derive(Default)]
pub(crate) struct Cargoes(Mutex<BTreeMap<TrackingId, Cargo>>);

impl Cargoes {
    /// Those that are there from the start.
    pub(crate) fn new(seeds: impl IntoIterator<Item = Cargo>) -> Self {
        Self(Mutex::new(seeds.into_iter().map(|cargo| (cargo.tracking_id().clone(), cargo)).collect()))
    }
}

impl repository::Cargoes for Cargoes {
    fn add(&self, specification: RouteSpecification) -> Result<TrackingId, Full> {
        let mut cargoes = lock(&self.0);
        if cargoes.len() >= MOST {
            return Err(Full);
        }
        // There are some 40 000 times as many as are ever taken.
        let tracking_id = loop {
            let drawn = TrackingId::from(fastrand::u32(..));
            if !cargoes.contains_key(&drawn) {
                break drawn;
            }
        };
        cargoes.insert(tracking_id.clone(), Cargo::new(tracking_id.clone(), specification));
        Ok(tracking_id)
    }

    fn find(&self, tracking_id: &TrackingId) -> Option<Cargo> {
        lock(&self.0).get(tracking_id).cloned()
    }

    fn all(&self) -> Vec<Cargo> {
        lock(&self.0).values().cloned().collect()
    }

    fn update(&self, tracking_id: &TrackingId, change: &mut dyn FnMut(&mut Cargo)) -> Option<Cargo> {
        let mut cargoes = lock(&self.0);
        let cargo = cargoes.get_mut(tracking_id)?;
        change(cargo);
        Some(cargo.clone())
    }
}

/// What was done to them.
#[derive(Default)]
pub(crate) struct HandlingEvents(Mutex<Events>);

#[derive(Default)]
struct Events {
    by_cargo: HashMap<TrackingId, Vec<HandlingEvent>>,
    count: usize,
}

impl repository::HandlingEvents for HandlingEvents {
    fn add(&self, event: HandlingEvent) -> Result<(), Full> {
        let mut events = lock(&self.0);
        if events.count >= MOST {
            return Err(Full);
        }
        events.count += 1;
        events.by_cargo.entry(event.tracking_id.clone()).or_default().push(event);
        Ok(())
    }

    fn history(&self, tracking_id: &TrackingId) -> History {
        History::new(lock(&self.0).by_cargo.get(tracking_id).cloned().unwrap_or_default())
    }
}

/// The locations.
pub(crate) struct Locations(pub(crate) Vec<Location>);

impl repository::Locations for Locations {
    fn knows(&self, code: &UnLocode) -> bool {
        self.0.iter().any(|location| location.code == *code)
    }

    fn all(&self) -> Vec<Location> {
        self.0.clone()
    }
}

/// The voyages.
pub(crate) struct Voyages(pub(crate) Vec<VoyageNumber>);

impl repository::Voyages for Voyages {
    fn knows(&self, number: &VoyageNumber) -> bool {
        self.0.contains(number)
    }
}

/// A change that panicked leaves a cargo as it was or as it is to be, since its parts are replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::domain::repository::Cargoes as _;

    #[test]
    fn each_cargo_has_a_tracking_id_of_its_own() {
        let cargoes = Cargoes::default();
        let [from, to] = ["SESTO", "CNHKG"].map(|code| code.parse::<UnLocode>().unwrap());
        let specification = RouteSpecification::new(from, to, SystemTime::UNIX_EPOCH).unwrap();
        let ids: Vec<_> = (0..1000).map(|_| cargoes.add(specification.clone()).unwrap()).collect();
        assert!(ids.iter().all(|id| id.to_string().len() == 8));
        assert_eq!(cargoes.all().len(), ids.len());
    }

    #[test]
    fn no_more_cargoes_are_kept_than_there_is_room_for() {
        let cargoes = Cargoes::default();
        let [from, to] = ["SESTO", "CNHKG"].map(|code| code.parse::<UnLocode>().unwrap());
        let specification = RouteSpecification::new(from, to, SystemTime::UNIX_EPOCH).unwrap();
        assert!((0..MOST).all(|_| cargoes.add(specification.clone()).is_ok()));
        assert!(cargoes.add(specification).is_err());
    }
}
