//! The repositories, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::error::Error;
use crate::domain::location::Location;
use crate::domain::repository;
use crate::domain::route_specification::RouteSpecification;
use crate::domain::voyage::VoyageNumber;

/// Cargoes that are kept at most: memory has an end, and callers have none. With all the legs and events that one may
/// have, a cargo takes some 40 kB.
const MOST: usize = 2_000;

/// The cargoes.
#[derive(Default)]
pub(crate) struct Cargoes(Mutex<BTreeMap<TrackingId, Arc<Cargo>>>);

impl Cargoes {
    /// Those that are there from the start.
    pub(crate) fn new(seeds: impl IntoIterator<Item = Cargo>) -> Self {
        Self(Mutex::new(seeds.into_iter().map(|cargo| (cargo.tracking_id().clone(), Arc::new(cargo))).collect()))
    }
}

impl repository::Cargoes for Cargoes {
    fn add(&self, specification: RouteSpecification) -> Result<TrackingId, Error> {
        let mut cargoes = lock(&self.0);
        if cargoes.len() >= MOST {
            return Err(Error::Full(MOST, "cargoes"));
        }
        // There are some two million times as many as are ever taken.
        let tracking_id = loop {
            let drawn = TrackingId::from(fastrand::u32(..));
            if !cargoes.contains_key(&drawn) {
                break drawn;
            }
        };
        cargoes.insert(tracking_id.clone(), Arc::new(Cargo::new(tracking_id.clone(), specification)));
        Ok(tracking_id)
    }

    fn find(&self, tracking_id: &TrackingId) -> Result<Arc<Cargo>, Error> {
        lock(&self.0).get(tracking_id).cloned().ok_or(Error::UnknownCargo)
    }

    fn all(&self) -> Vec<Arc<Cargo>> {
        lock(&self.0).values().cloned().collect()
    }

    fn update(
        &self,
        tracking_id: &TrackingId,
        change: &mut dyn FnMut(&mut Cargo) -> Result<(), Error>,
    ) -> Result<Arc<Cargo>, Error> {
        let mut cargoes = lock(&self.0);
        let kept = cargoes.get_mut(tracking_id).ok_or(Error::UnknownCargo)?;
        let mut changed = Cargo::clone(kept);
        change(&mut changed)?;
        *kept = Arc::new(changed);
        Ok(kept.clone())
    }
}

/// The locations.
pub(crate) struct Locations(pub(crate) Vec<Location>);

impl repository::Locations for Locations {
    fn all(&self) -> &[Location] {
        &self.0
    }
}

/// The voyages.
pub(crate) struct Voyages(pub(crate) Vec<VoyageNumber>);

impl repository::Voyages for Voyages {
    fn knows(&self, number: &VoyageNumber) -> bool {
        self.0.contains(number)
    }
}

/// A change that panicked has changed nothing: it had a copy.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::domain::handling::Activity;
    use crate::domain::repository::Cargoes as _;
    use crate::domain::sample::{code, day, event};

    fn specification() -> RouteSpecification {
        RouteSpecification::new(code("SESTO"), code("CNHKG"), day(7)).unwrap()
    }

    #[test]
    fn each_cargo_has_a_tracking_id_of_its_own_and_there_is_room_for_so_many() {
        let cargoes = Cargoes::default();
        assert!((0..MOST).all(|_| cargoes.add(specification()).unwrap().to_string().len() == 8));
        assert_eq!(cargoes.all().len(), MOST);
        assert_eq!(cargoes.add(specification()), Err(Error::Full(MOST, "cargoes")));
    }

    #[test]
    fn a_change_that_takes_its_time_loses_none_that_another_thread_makes_meanwhile() {
        let cargoes = Cargoes::default();
        let id = cargoes.add(specification()).unwrap();
        let (reads, read) = mpsc::channel();
        let (changes, changed) = mpsc::channel();
        std::thread::scope(|scope| {
            let (cargoes, id) = (&cargoes, &id);
            scope.spawn(move || {
                let slow = &mut |cargo: &mut Cargo| {
                    reads.send(()).unwrap();
                    // The other is done meanwhile where nothing keeps it from that.
                    let _ = changed.recv_timeout(Duration::from_millis(200));
                    cargo.handled(event(Activity::Receive, "SESTO", 1))
                };
                cargoes.update(id, slow).unwrap();
            });
            read.recv().unwrap();
            cargoes.update(id, &mut |cargo| cargo.handled(event(Activity::Customs, "SESTO", 2))).unwrap();
            let _ = changes.send(());
        });
        assert_eq!(cargoes.find(&id).unwrap().history().events().len(), 2);
    }

    #[test]
    fn a_change_that_fails_has_changed_nothing() {
        let cargoes = Cargoes::default();
        let id = cargoes.add(specification()).unwrap();
        let fails = &mut |cargo: &mut Cargo| {
            cargo.handled(event(Activity::Receive, "SESTO", 1))?;
            Err(Error::OriginIsDestination)
        };
        assert_eq!(cargoes.update(&id, fails).err(), Some(Error::OriginIsDestination));
        assert!(cargoes.find(&id).unwrap().history().events().is_empty());
    }
}
