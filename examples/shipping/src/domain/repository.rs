//! Where the things of the domain are kept: what it asks of whoever keeps them.
//!
//! They are kept in memory, so nothing waits. A database's methods would be `async`, as those of `routing` are.

use std::fmt;

use super::cargo::{Cargo, TrackingId};
use super::handling::{HandlingEvent, History};
use super::location::{Location, UnLocode};
use super::route_specification::RouteSpecification;
use super::voyage::VoyageNumber;

/// The cargoes.
pub(crate) trait Cargoes: Send + Sync {
    /// Keeps a new one, under a tracking id that no other has.
    fn add(&self, specification: RouteSpecification) -> Result<TrackingId, Full>;

    fn find(&self, tracking_id: &TrackingId) -> Option<Cargo>;

    /// All of them, by their tracking ids.
    fn all(&self) -> Vec<Cargo>;

    /// Changes one, and answers what it is then. Nobody else changes it meanwhile, so no change is lost.
    fn update(&self, tracking_id: &TrackingId, change: &mut dyn FnMut(&mut Cargo)) -> Option<Cargo>;
}

/// What was done to them.
pub(crate) trait HandlingEvents: Send + Sync {
    fn add(&self, event: HandlingEvent) -> Result<(), Full>;

    fn history(&self, tracking_id: &TrackingId) -> History;
}

/// The locations that are served.
pub(crate) trait Locations: Send + Sync {
    fn knows(&self, code: &UnLocode) -> bool;

    fn all(&self) -> Vec<Location>;
}

/// The voyages that are made.
pub(crate) trait Voyages: Send + Sync {
    fn knows(&self, number: &VoyageNumber) -> bool;
}

/// There is no room for more.
#[derive(Debug)]
pub(crate) struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no room for more")
    }
}

impl std::error::Error for Full {}
