//! The health service, `grpc.health.v1` ("GRPC Health Checking Protocol").

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use towerkit_endpoint::{BoxStream, Code, Error, endpoint_fn};
use towerkit_lifecycle::Health;

use super::{Routes, server_stops};
use crate::{Method, Server};

const CHECK: Method<HealthCheckRequest, HealthCheckResponse> = Method::new("/grpc.health.v1.Health/Check");
const WATCH: Method<HealthCheckRequest, HealthCheckResponse> = Method::new("/grpc.health.v1.Health/Watch");

impl Routes {
    /// Adds the health service, `grpc.health.v1`: each service that is added, before it or after, and the server as a whole (the empty name), is
    /// `SERVING` as long as the group is [ready](Health::is_ready). A `Watch` hears of each change, and ends when the server begins to
    /// stop.
    ///
    /// ```
    /// use towerkit_lifecycle::Group;
    /// use towerkit_transport_grpc::Routes;
    ///
    /// let group = Group::new();
    /// let routes = Routes::new().health(&group.health());
    /// assert_eq!(routes.services(), ["grpc.health.v1.Health"]);
    /// ```
    ///
    /// # Panics
    ///
    /// Where it is there already.
    pub fn health(self, health: &Health) -> Self {
        let health = health.clone();
        self.about(["grpc.health.v1.Health"], move |routes, names| add(routes, &health, names))
    }
}

/// Of these services.
fn add(routes: Routes, health: &Health, names: &[&'static str]) -> Routes {
    let names = names.iter().copied().chain([""]).collect();
    let services = Services { names, health: health.clone() };

    let of_watch = services.clone();
    let check = endpoint_fn(move |request: HealthCheckRequest| {
        let status = services.status(&request.service);
        async move { status.map(response).ok_or_else(|| Error::new(Code::NotFound, "there is no such service here")) }
    });
    let watch = endpoint_fn(move |request: HealthCheckRequest| {
        let changes = of_watch.clone().changes(request.service);
        async move { Ok::<_, Error>(changes) }
    });
    routes.unary(CHECK, Server::new(check)).server_streaming(WATCH, Server::new(watch).end_on_drain())
}

#[derive(Clone)]
struct Services {
    names: Arc<[&'static str]>,
    health: Health,
}

impl Services {
    /// None where there is no such service.
    fn status(&self, name: &str) -> Option<ServingStatus> {
        let serving = if self.health.is_ready() { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.names.contains(&name).then_some(serving)
    }

    /// The status at present, and then each other one.
    fn changes(self, name: String) -> BoxStream<HealthCheckResponse> {
        let start = (self, name, None);
        Box::pin(
            stream::unfold(start, |(mut services, name, told)| async move {
                loop {
                    let status = services.status(&name).unwrap_or(ServingStatus::ServiceUnknown);
                    if told != Some(status) {
                        return Some((Ok(response(status)), (services, name, Some(status))));
                    }
                    if !services.health.changed().await {
                        return None;
                    }
                }
            })
            // The group is gone: nobody will tell of a change any more.
            .chain(stream::once(async { Err(server_stops()) })),
        )
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
