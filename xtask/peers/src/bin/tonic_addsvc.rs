//! addsvc's `Sum` on tonic: `tonic_addsvc ADDRESS bare|all`. `all` has tonic's timeout and limit, a line of the log, and metrics.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a benchmark's program")]

use addsvc::pb;
use addsvc::pb::add_server::{Add, AddServer};
use addsvc::service::{AddService, BasicService};
use peers::telemetry::{self, line};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tower::util::MapFutureLayer;
use tower_http::trace::TraceLayer;

#[tokio::main]
async fn main() {
    let listener = TcpListener::bind(peers::address(1)).await.unwrap();
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    match std::env::args().nth(2).as_deref() {
        Some("bare") => {
            let server = Server::builder().add_service(AddServer::new(Tonic));
            server.serve_with_incoming(incoming).await.unwrap();
        }
        Some("all") => {
            let _prometheus = telemetry::install();
            let server = Server::builder()
                .timeout(peers::DEADLINE)
                .load_shed(true)
                .concurrency_limit_per_connection(peers::CONCURRENCY)
                .layer(TraceLayer::new_for_grpc().make_span_with(line::span()).on_response(line::response()))
                .layer(MapFutureLayer::new(telemetry::measured))
                .add_service(AddServer::new(Tonic));
            server.serve_with_incoming(incoming).await.unwrap();
        }
        other => panic!("unknown: {other:?}"),
    }
}

struct Tonic;

#[tonic::async_trait]
impl Add for Tonic {
    async fn sum(&self, request: Request<pb::SumRequest>) -> Result<Response<pb::SumReply>, Status> {
        let pb::SumRequest { a, b } = request.into_inner();
        let sum = BasicService.sum(a, b).await.map_err(|error| Status::invalid_argument(error.to_string()))?;
        Ok(Response::new(pb::SumReply { v: sum, err: String::new() }))
    }

    async fn concat(&self, request: Request<pb::ConcatRequest>) -> Result<Response<pb::ConcatReply>, Status> {
        let pb::ConcatRequest { a, b } = request.into_inner();
        let text = BasicService.concat(a, b).await.map_err(|error| Status::invalid_argument(error.to_string()))?;
        Ok(Response::new(pb::ConcatReply { v: text, err: String::new() }))
    }
}
