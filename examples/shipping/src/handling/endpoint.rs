//! The use case as an endpoint, and where that is over HTTP.

use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;
use towerkit::endpoint::{Error, method_fn};
use towerkit::transport::http::{Router, Server};

use super::service::Handling;
use crate::domain::cargo::TrackingId;
use crate::domain::handling::{Activity, HandlingEvent};
use crate::domain::location::UnLocode;
use crate::domain::voyage::{InvalidVoyageNumber, VoyageNumber};
use crate::stack::Stack;
use crate::wire::{self, Done};

/// Adds its route.
pub(crate) fn routes(router: Router, handling: Handling, stack: &Stack) -> Router {
    let register = method_fn(Arc::new(handling), |handling, incident: Incident| async move {
        handling.register(&incident.tracking_id, &incident.event()?)?;
        Ok::<_, Error>(Done {})
    });
    router.post("/handling/v1/incidents", Server::json(stack.around("register", register)))
}

#[derive(Deserialize)]
struct Incident {
    #[serde(with = "wire::instant")]
    completion_time: SystemTime,
    #[serde(with = "wire::text")]
    tracking_id: TrackingId,
    /// Of what is loaded or unloaded; of other events it is not looked at.
    #[serde(default)]
    voyage: String,
    #[serde(with = "wire::text")]
    location: UnLocode,
    event_type: EventType,
}

#[derive(Clone, Copy, Deserialize)]
enum EventType {
    Receive,
    Load,
    Unload,
    Customs,
    Claim,
}

impl Incident {
    fn event(&self) -> Result<HandlingEvent, Error> {
        let voyage = || -> Result<VoyageNumber, Error> {
            self.voyage.parse().map_err(|error: InvalidVoyageNumber| Error::invalid("voyage", error.to_string()))
        };
        let activity = match self.event_type {
            EventType::Receive => Activity::Receive,
            EventType::Load => Activity::Load(voyage()?),
            EventType::Unload => Activity::Unload(voyage()?),
            EventType::Customs => Activity::Customs,
            EventType::Claim => Activity::Claim,
        };
        Ok(HandlingEvent { activity, location: self.location.clone(), completed: self.completion_time })
    }
}
