//! By which of its transports the service is called.

use addsvc::client::Caller;
use addsvc::endpoint::Endpoints;
use addsvc::transport;
use clap::ValueEnum;
use towerkit_auth::CredentialsLayer;
use towerkit_endpoint::BoxError;
use towerkit_tracing::Tracer;
use towerkit_transport_grpc as grpc;
use towerkit_transport_http::{Pool, Remote, json_rpc};

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Transport {
    Http,
    Grpc,
    Jsonrpc,
}

impl Transport {
    /// Who calls by it.
    pub(crate) fn caller(self, tracer: &Tracer, credentials: Option<CredentialsLayer>) -> Caller {
        let via = match self {
            Self::Http => transport::http::via,
            Self::Grpc => transport::grpc::via,
            Self::Jsonrpc => transport::json_rpc::via,
        };
        Caller { credentials, tracer: tracer.clone(), via }
    }
}

/// Connects to servers, which share a pool.
pub(crate) struct Connector {
    transport: Transport,
    pool: Pool,
}

impl Connector {
    pub(crate) fn new(transport: Transport) -> Self {
        let pool = match transport {
            Transport::Http | Transport::Jsonrpc => Pool::new(),
            Transport::Grpc => Pool::builder().http2().build(),
        };
        Self { transport, pool }
    }

    /// The endpoints of the server at an address.
    pub(crate) fn connect(&self, address: &str) -> Result<Endpoints, BoxError> {
        let url = format!("http://{address}");
        Ok(match self.transport {
            Transport::Http => transport::http::client(&Remote::new(&self.pool, &url)?),
            Transport::Grpc => transport::grpc::client(&grpc::Remote::new(&self.pool, &url)?),
            Transport::Jsonrpc => transport::json_rpc::client(&json_rpc::Remote::new(&self.pool, &url)?),
        })
    }
}
