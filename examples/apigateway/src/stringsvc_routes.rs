//! `/stringsvc/`: JSON in and out, and behind.

use serde::{Deserialize, Serialize};
use towerkit_endpoint::{BoxEndpoint, Endpoint};
use towerkit_transport_http::{Pool, Remote, Router, Server};

use crate::upstream::{Attempts, Upstream, balanced, budget};

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
pub(crate) fn add(routes: Router, stringsvc: Upstream, attempts: Attempts) -> Router {
    let pool = Pool::new();
    let fleet = stringsvc.connect(move |instance| {
        let remote = Remote::new(&pool, &format!("http://{instance}"))?;
        Ok(Endpoints {
            uppercase: remote.post("/uppercase").json().erased(),
            count: remote.post("/count").json().erased(),
        })
    });
    let budget = budget();
    let uppercase = balanced(&fleet, attempts, &budget, |one: &Endpoints| one.uppercase.clone());
    let count = balanced(&fleet, attempts, &budget, |one: &Endpoints| one.count.clone());
    routes.post("/stringsvc/uppercase", Server::json(uppercase)).post("/stringsvc/count", Server::json(count))
}
