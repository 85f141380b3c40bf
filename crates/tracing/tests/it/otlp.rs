mod failing;
mod interop;
mod replies;
mod rotel;

#[cfg(feature = "zipkin")]
pub(crate) use rotel::Rotel;
use towerkit_tracing::Otlp;

/// Both ways of the protocol.
fn both(grpc: &str, http: &str) -> [Otlp; 2] {
    [Otlp::grpc(grpc).unwrap(), Otlp::http(http).unwrap()]
}
