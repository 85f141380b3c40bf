//! The use case.

use std::fmt;
use std::sync::Arc;

use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::handling::History;
use crate::domain::repository::{Cargoes, HandlingEvents};

/// Where cargoes are looked for.
pub(crate) struct Tracking {
    pub(crate) cargoes: Arc<dyn Cargoes>,
    pub(crate) events: Arc<dyn HandlingEvents>,
}

impl Tracking {
    /// A cargo, and what was done to it.
    pub(crate) fn track(&self, tracking_id: &TrackingId) -> Result<(Cargo, History), UnknownCargo> {
        let cargo = self.cargoes.find(tracking_id).ok_or(UnknownCargo)?;
        Ok((cargo, self.events.history(tracking_id)))
    }
}

/// No cargo has the tracking id.
#[derive(Debug)]
pub(crate) struct UnknownCargo;

impl fmt::Display for UnknownCargo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown cargo")
    }
}

impl std::error::Error for UnknownCargo {}
