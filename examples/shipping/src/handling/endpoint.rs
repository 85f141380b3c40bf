//! The use case as an endpoint.

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use towerkit::endpoint::{BoxEndpoint, Code, Error, method_fn};

use super::service::{self, Handling};
use crate::domain::cargo::TrackingId;
use crate::domain::handling::{Activity, HandlingEvent};
use crate::domain::location::UnLocode;
use crate::domain::voyage::{InvalidVoyageNumber, VoyageNumber};
use crate::stack::Stack;
use crate::wire;

#[derive(Deserialize)]
pub(crate) struct Incident {
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

/// All there is to answer: `{}`.
#[derive(Serialize)]
pub(crate) struct Registered {}

/// In its stack.
pub(super) fn register(handling: Handling, stack: &Stack) -> BoxEndpoint<Incident, Registered> {
    let register = method_fn(Arc::new(handling), |handling, incident: Incident| async move {
        handling.register(incident.event()?)?;
        Ok::<_, Error>(Registered {})
    });
    stack.around("register", register)
}

impl Incident {
    fn event(self) -> Result<HandlingEvent, Error> {
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
        let Self { tracking_id, location, completion_time: completed, .. } = self;
        Ok(HandlingEvent { tracking_id, activity, location, completed })
    }
}

impl From<service::Error> for Error {
    fn from(error: service::Error) -> Self {
        let text = error.to_string();
        match error {
            service::Error::UnknownCargo => Self::new(Code::NotFound, text),
            service::Error::UnknownLocation(_) => Self::invalid("location", text),
            service::Error::UnknownVoyage(_) => Self::invalid("voyage", text),
            service::Error::Full(_) => Self::new(Code::ResourceExhausted, text),
        }
    }
}
