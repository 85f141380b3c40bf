//! The use case.

use std::fmt;
use std::sync::Arc;

use crate::domain::handling::{Activity, HandlingEvent};
use crate::domain::location::UnLocode;
use crate::domain::repository::{Cargoes, Full, HandlingEvents, Locations, Voyages};
use crate::domain::voyage::VoyageNumber;
use crate::inspection::Inspection;

/// Where it is told.
pub(crate) struct Handling {
    pub(crate) cargoes: Arc<dyn Cargoes>,
    pub(crate) events: Arc<dyn HandlingEvents>,
    pub(crate) locations: Arc<dyn Locations>,
    pub(crate) voyages: Arc<dyn Voyages>,
    pub(crate) inspection: Inspection,
}

impl Handling {
    /// Takes note of an event. The cargo is inspected thereupon.
    pub(crate) fn register(&self, event: HandlingEvent) -> Result<(), Error> {
        if self.cargoes.find(&event.tracking_id).is_none() {
            return Err(Error::UnknownCargo);
        }
        if !self.locations.knows(&event.location) {
            return Err(Error::UnknownLocation(event.location));
        }
        if let Activity::Load(voyage) | Activity::Unload(voyage) = &event.activity
            && !self.voyages.knows(voyage)
        {
            return Err(Error::UnknownVoyage(voyage.clone()));
        }
        let tracking_id = event.tracking_id.clone();
        self.events.add(event)?;
        self.inspection.inspect(&tracking_id);
        Ok(())
    }
}

/// Why an event is refused.
#[derive(Debug)]
pub(crate) enum Error {
    UnknownCargo,
    UnknownLocation(UnLocode),
    UnknownVoyage(VoyageNumber),
    Full(Full),
}

impl From<Full> for Error {
    fn from(error: Full) -> Self {
        Self::Full(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCargo => f.write_str("unknown cargo"),
            Self::UnknownLocation(code) => write!(f, "unknown location {code}"),
            Self::UnknownVoyage(number) => write!(f, "unknown voyage {number}"),
            Self::Full(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
