//! Services that tonic's generator made.

use http::Request;
use tonic::transport::server::TcpConnectInfo;
use towerkit_transport_http::Body;

/// Puts beside a request what tonic's own server puts there, and what a [`Server`](crate::Server) inside looks for.
pub(super) fn prepare(request: &mut Request<Body>) {
    // Its messages are bounded by the service itself, and it may be of any kind.
    request.body_mut().lift_byte_limit();
    request.body_mut().lift_time_limit();
    if let Some(peer) = request.body().peer() {
        request.extensions_mut().insert(TcpConnectInfo { local_addr: None, remote_addr: Some(peer) });
    }
    if let Some(stop) = request.body().stream_stop() {
        request.extensions_mut().insert(stop);
    }
    #[cfg(feature = "tls")]
    if let Some(identity) = request.body().tls().and_then(|tls| tls.peer()).cloned() {
        request.extensions_mut().insert(identity);
    }
}
