//! `/addsvc/`: JSON in and out, gRPC behind.

use addsvc::endpoint::Endpoints;
use addsvc::telemetry::Telemetry;
use addsvc::transport::grpc;
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::{Pool, Router, Server};

use crate::upstream::{Attempts, Caller, Upstream};

/// Adds `POST /addsvc/sum` and `POST /addsvc/concat`.
pub(crate) fn add(routes: Router, addsvc: Upstream, attempts: Attempts, telemetry: &Telemetry) -> Router {
    let pool = Pool::builder().http2().build();
    let connect = move |instance: &_| Ok(grpc::client(&Remote::new(&pool, &format!("http://{instance}"))?));
    let fleet = addsvc.connect(&telemetry.log, connect);
    let caller = Caller::new(attempts, telemetry.clone());
    let sum = caller.method("addsvc.sum", grpc::via("sum"), &fleet, |one: &Endpoints| one.sum.clone());
    let concat = caller.method("addsvc.concat", grpc::via("concat"), &fleet, |one: &Endpoints| one.concat.clone());
    routes.post("/addsvc/sum", Server::json(sum)).post("/addsvc/concat", Server::json(concat))
}
