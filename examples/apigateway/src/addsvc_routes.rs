//! `/addsvc/`: JSON in and out, gRPC behind.

use addsvc::endpoint::Endpoints;
use addsvc::transport::grpc;
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::{Pool, Router, Server};

use crate::upstream::{Attempts, Upstream, balanced, budget};

/// Adds `POST /addsvc/sum` and `POST /addsvc/concat`.
pub(crate) fn add(routes: Router, addsvc: Upstream, attempts: Attempts) -> Router {
    let pool = Pool::builder().http2().build();
    let fleet = addsvc.connect(move |instance| Ok(grpc::client(&Remote::new(&pool, &format!("http://{instance}"))?)));
    let budget = budget();
    let sum = balanced(&fleet, attempts, &budget, |one: &Endpoints| one.sum.clone());
    let concat = balanced(&fleet, attempts, &budget, |one: &Endpoints| one.concat.clone());
    routes.post("/addsvc/sum", Server::json(sum)).post("/addsvc/concat", Server::json(concat))
}
