//! Where the things of the domain are kept: what it asks of whoever keeps them.
//!
//! They are kept in memory, so nothing waits. A database's methods would be `async`, as those of `routing` are.

use std::sync::Arc;

use super::cargo::{Cargo, TrackingId};
use super::error::{Error, Part};
use super::location::{Location, UnLocode};
use super::route_specification::RouteSpecification;
use super::voyage::VoyageNumber;

/// The cargoes.
pub(crate) trait Cargoes: Send + Sync {
    /// Keeps a new one, under a tracking id that no other has.
    fn add(&self, specification: RouteSpecification) -> Result<TrackingId, Error>;

    fn find(&self, tracking_id: &TrackingId) -> Result<Arc<Cargo>, Error>;

    /// All of them, by their tracking ids.
    fn all(&self) -> Vec<Arc<Cargo>>;

    /// Changes one, and answers what it is then. Nobody else changes it meanwhile, so no change is lost. A change that
    /// fails has changed nothing.
    fn update(
        &self,
        tracking_id: &TrackingId,
        change: &mut dyn FnMut(&mut Cargo) -> Result<(), Error>,
    ) -> Result<Arc<Cargo>, Error>;
}

/// The locations that are served.
pub(crate) trait Locations: Send + Sync {
    fn all(&self) -> &[Location];

    /// Refuses those that are not.
    fn check(&self, part: Part, code: &UnLocode) -> Result<(), Error> {
        let known = self.all().iter().any(|location| location.code == *code);
        if known { Ok(()) } else { Err(Error::UnknownLocation(part, code.clone())) }
    }
}

/// The voyages that are made.
pub(crate) trait Voyages: Send + Sync {
    fn knows(&self, number: &VoyageNumber) -> bool;

    /// Refuses those that are not.
    fn check(&self, part: Part, number: &VoyageNumber) -> Result<(), Error> {
        if self.knows(number) { Ok(()) } else { Err(Error::UnknownVoyage(part, number.clone())) }
    }
}
