//! gRPC: the service `pb.Add` of `proto/add.proto`.

use towerkit_endpoint::{Code, Endpoint, Error, Via};
use towerkit_transport_grpc::{Channel, Method, Remote, Routes, Server};

use crate::endpoint::{ConcatReply, ConcatRequest, Endpoints, SumReply, SumRequest};
use crate::pb;

const SUM: Method<pb::SumRequest, pb::SumReply> = Method::new("/pb.Add/Sum");
const CONCAT: Method<pb::ConcatRequest, pb::ConcatReply> = Method::new("/pb.Add/Concat");

/// Serves the endpoints.
pub fn routes(endpoints: Endpoints) -> Routes {
    let sum = Server::new(endpoints.sum)
        .decode(|pb::SumRequest { a, b }| SumRequest { a, b })
        .encode(|SumReply { v }| pb::SumReply { v, err: String::new() });
    let concat = Server::new(endpoints.concat)
        .decode(|pb::ConcatRequest { a, b }| ConcatRequest { a, b })
        .encode(|ConcatReply { v }| pb::ConcatReply { v, err: String::new() });
    Routes::new().unary(SUM, sum).unary(CONCAT, concat)
}

/// Calls a remote service: the same endpoints, from the other side.
pub fn client(remote: &Remote<impl Channel>) -> Endpoints {
    let sum = remote.unary(SUM).encode(|SumRequest { a, b }| pb::SumRequest { a, b });
    let concat = remote.unary(CONCAT).encode(|ConcatRequest { a, b }| pb::ConcatRequest { a, b });
    Endpoints {
        sum: sum.try_decode(|pb::SumReply { v, err }| unless(err, SumReply { v })).erased(),
        concat: concat.try_decode(|pb::ConcatReply { v, err }| unless(err, ConcatReply { v })).erased(),
    }
}

/// How an operation is called, for traces.
#[must_use]
pub fn via(operation: &str) -> Via {
    if operation == "sum" { SUM.via() } else { CONCAT.via() }
}

/// Go kit's own service refuses by `err`, in a reply that is good otherwise.
fn unless<R>(err: String, reply: R) -> Result<R, Error> {
    if err.is_empty() { Ok(reply) } else { Err(Error::new(Code::InvalidArgument, err)) }
}
