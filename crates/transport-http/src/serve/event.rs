use std::fmt;
use std::io;
use std::net::SocketAddr;

use http::StatusCode;
use towerkit_endpoint::BoxError;

/// What befalls a server and its connections: for a log or a counter.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeEvent {
    /// No connection could be accepted; it is tried again after a pause where the system is out of something.
    AcceptFailed(io::Error),
    /// There are as many connections as there may be; more are accepted when one has ended.
    Full {
        /// How many.
        connections: usize,
    },
    /// A request was refused before the service saw it.
    Refused {
        /// The peer.
        peer: SocketAddr,
        /// The status of the answer.
        status: StatusCode,
        /// What the answer says.
        reason: String,
    },
    /// A connection ended with an error: the peer broke it off, or did not speak HTTP.
    ConnectionFailed {
        /// The peer.
        peer: SocketAddr,
        /// What went wrong.
        error: BoxError,
    },
    /// No connection came of a TLS handshake: the peer has no certificate that is accepted, does not accept the server's,
    /// speaks no TLS or too old a version of it, or broke off.
    #[cfg(feature = "tls")]
    HandshakeFailed {
        /// The peer.
        peer: SocketAddr,
        /// What went wrong.
        error: BoxError,
    },
    /// A connection was closed since its TLS handshake was not over in time.
    #[cfg(feature = "tls")]
    HandshakeTimeout {
        /// The peer.
        peer: SocketAddr,
    },
    /// A connection was closed since a head was not there in time, or a new connection stayed silent.
    HeaderTimeout {
        /// The peer.
        peer: SocketAddr,
    },
    /// A connection, or one stream of an HTTP/2 connection, ended since the service panicked on it.
    Panicked,
    /// A connection was closed, or one stream of an HTTP/2 connection reset, since the peer took nothing, or too little, of
    /// what was written to it.
    WriteStalled {
        /// The peer.
        peer: SocketAddr,
    },
    /// The drain has begun: the listener is closed.
    Draining {
        /// The connections that are open.
        connections: usize,
    },
    /// The time for the drain is over: these were cut. Connections without a request are not counted.
    Cut {
        /// The connections that had requests.
        connections: usize,
        /// The requests without a whole answer.
        requests: usize,
    },
}

impl fmt::Display for ServeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AcceptFailed(error) => write!(f, "can't accept a connection: {error}"),
            Self::ConnectionFailed { peer, error } => write!(f, "connection of {peer}: {error}"),
            Self::Full { connections } => write!(f, "{connections} connections are open, no more are accepted"),
            Self::Refused { peer, status, reason } => write!(f, "request of {peer}: {status}, {reason}"),
            Self::Panicked => f.write_str("the service panicked, its connection or stream is closed"),
            #[cfg(feature = "tls")]
            Self::HandshakeFailed { peer, error } => write!(f, "handshake of {peer}: {error}"),
            #[cfg(feature = "tls")]
            Self::HandshakeTimeout { peer } => write!(f, "handshake of {peer}: not over in time"),
            Self::HeaderTimeout { peer } => write!(f, "connection of {peer}: no head in time"),
            Self::WriteStalled { peer } => write!(f, "connection of {peer}: it takes too little of what is written"),
            Self::Draining { connections } => write!(f, "draining {connections} connections"),
            Self::Cut { connections, requests } => {
                write!(f, "{requests} requests on {connections} connections were cut at the end of the drain")
            }
        }
    }
}
