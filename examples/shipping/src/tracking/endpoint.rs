//! The use case as an endpoint, and where that is over HTTP: to look a cargo up is all there is to do.

use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use towerkit::endpoint::{Error, method_fn};
use towerkit::transport::http::codec::{Json, Path};
use towerkit::transport::http::{Router, Server};

use super::words;
use crate::domain::cargo::Cargo;
use crate::domain::repository::Cargoes;
use crate::stack::Stack;
use crate::wire::{self, CargoId};

/// Adds its route.
pub(crate) fn routes(router: Router, cargoes: Arc<dyn Cargoes>, stack: &Stack) -> Router {
    let track = method_fn(cargoes, |cargoes, CargoId { id }| async move {
        CargoView::of(&*cargoes.find(&id)?).map_err(Error::internal)
    });
    router.get("/tracking/v1/cargos/{id}", Server::new(stack.around("track", track), Path, Json.under("cargo")))
}

#[derive(Serialize)]
struct CargoView {
    tracking_id: String,
    status_text: String,
    origin: String,
    destination: String,
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

impl CargoView {
    fn of(cargo: &Cargo) -> Result<Self, time::Error> {
        let (specification, delivery) = (cargo.specification(), cargo.delivery());
        let event = |event| {
            // Without an itinerary nothing is off it.
            let expected = cargo.itinerary().is_none_or(|itinerary| itinerary.expects(event));
            words::description(event).map(|description| EventView { description, expected })
        };
        Ok(Self {
            tracking_id: cargo.tracking_id().to_string(),
            status_text: words::status(delivery),
            origin: specification.origin().to_string(),
            destination: specification.destination().to_string(),
            eta: delivery.eta,
            next_expected_activity: words::next_expected_activity(delivery),
            arrival_deadline: specification.arrival_deadline(),
            events: cargo.history().events().iter().map(event).collect::<Result<_, _>>()?,
        })
    }
}
