//! `/stringsvc/`: JSON in and out, and behind.

use addsvc::telemetry::Telemetry;
use http::Method;
use serde::{Deserialize, Serialize};
use towerkit_endpoint::{BoxEndpoint, Endpoint, Via};
use towerkit_transport_http::{Pool, Remote, Router, Server};

use crate::upstream::{Attempts, Caller, Upstream};

#[derive(Clone, Deserialize, Serialize)]
struct StringRequest {
    s: String,
}

#[derive(Deserialize, Serialize)]
struct Reply<V> {
    v: V,
}

/// What one instance serves.
#[derive(Clone)]
struct Endpoints {
    uppercase: BoxEndpoint<StringRequest, Reply<String>>,
    count: BoxEndpoint<StringRequest, Reply<u64>>,
}

/// Adds `POST /stringsvc/uppercase` and `POST /stringsvc/count`.
pub(crate) fn add(routes: Router, stringsvc: Upstream, attempts: Attempts, telemetry: &Telemetry) -> Router {
    let pool = Pool::new();
    let fleet = stringsvc.connect(&telemetry.log, move |instance| {
        let remote = Remote::new(&pool, &format!("http://{instance}"))?;
        Ok(Endpoints {
            uppercase: remote.post("/uppercase").json().erased(),
            count: remote.post("/count").json().erased(),
        })
    });
    let caller = Caller::new(attempts, telemetry.clone());
    let via = |path| Via::http(Method::POST, path);
    let uppercase =
        caller.method("stringsvc.uppercase", via("/uppercase"), &fleet, |one: &Endpoints| one.uppercase.clone());
    let count = caller.method("stringsvc.count", via("/count"), &fleet, |one: &Endpoints| one.count.clone());
    routes.post("/stringsvc/uppercase", Server::json(uppercase)).post("/stringsvc/count", Server::json(count))
}
