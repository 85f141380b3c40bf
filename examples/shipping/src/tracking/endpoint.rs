//! The use case as an endpoint.

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use towerkit::endpoint::{BoxEndpoint, Classify, Code, Error, method_fn};

use super::service::{Tracking, UnknownCargo};
use super::words;
use crate::domain::cargo::{Cargo, TrackingId};
use crate::domain::handling::History;
use crate::domain::location::UnLocode;
use crate::stack::Stack;
use crate::wire;

#[derive(Deserialize)]
pub(crate) struct Track {
    #[serde(with = "wire::text")]
    id: TrackingId,
}

#[derive(Serialize)]
pub(crate) struct Tracked {
    cargo: CargoView,
}

#[derive(Serialize)]
struct CargoView {
    #[serde(with = "wire::text")]
    tracking_id: TrackingId,
    status_text: String,
    #[serde(with = "wire::text")]
    origin: UnLocode,
    #[serde(with = "wire::text")]
    destination: UnLocode,
    #[serde(serialize_with = "wire::instant_or_none")]
    eta: Option<SystemTime>,
    next_expected_activity: String,
    #[serde(with = "wire::instant")]
    arrival_deadline: SystemTime,
    events: Vec<EventView>,
}

#[derive(Serialize)]
struct EventView {
    description: String,
    expected: bool,
}

/// In its stack.
pub(super) fn track(tracking: Tracking, stack: &Stack) -> BoxEndpoint<Track, Tracked> {
    let track = method_fn(Arc::new(tracking), |tracking, Track { id }| async move {
        let (cargo, history) = tracking.track(&id)?;
        Ok::<_, Error>(Tracked { cargo: view(&cargo, &history).map_err(Error::internal)? })
    });
    stack.around("track", track)
}

fn view(cargo: &Cargo, history: &History) -> Result<CargoView, time::Error> {
    let (specification, delivery) = (cargo.specification(), cargo.delivery());
    let event = |event| {
        // Without an itinerary nothing is off it.
        let expected = cargo.itinerary().is_none_or(|itinerary| itinerary.expects(event));
        words::description(event).map(|description| EventView { description, expected })
    };
    Ok(CargoView {
        tracking_id: cargo.tracking_id().clone(),
        status_text: words::status(delivery),
        origin: specification.origin().clone(),
        destination: specification.destination().clone(),
        eta: delivery.eta,
        next_expected_activity: words::next_expected_activity(delivery),
        arrival_deadline: specification.arrival_deadline(),
        events: history.events().iter().map(event).collect::<Result<_, _>>()?,
    })
}

impl Classify for UnknownCargo {
    fn code(&self) -> Code {
        Code::NotFound
    }
}
