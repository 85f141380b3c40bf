use std::fmt;
use std::io;
use std::net::SocketAddr;

use towerkit_endpoint::BoxError;

/// What befalls a server and its connections: for a log or a counter.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeEvent {
    /// No connection could be accepted; it is tried again after a pause where the system is out of something.
    AcceptFailed(io::Error),
    /// A connection ended with an error: the peer broke it off, or did not speak HTTP.
    ConnectionFailed {
        /// The peer.
        peer: SocketAddr,
        /// What went wrong.
        error: BoxError,
    },
    /// A connection was closed since a head was not there in time, or a new connection stayed silent.
    HeaderTimeout {
        /// The peer.
        peer: SocketAddr,
    },
    /// A connection was closed since the peer took nothing of what was written to it.
    WriteStalled {
        /// The peer.
        peer: SocketAddr,
    },
    /// The drain has begun: the listener is closed.
    Draining {
        /// The connections that are open.
        connections: usize,
    },
    /// The time for the drain is over: these connections were cut.
    Cut {
        /// How many.
        connections: usize,
    },
}

impl fmt::Display for ServeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AcceptFailed(error) => write!(f, "can't accept a connection: {error}"),
            Self::ConnectionFailed { peer, error } => write!(f, "connection of {peer}: {error}"),
            Self::HeaderTimeout { peer } => write!(f, "connection of {peer}: no head in time"),
            Self::WriteStalled { peer } => write!(f, "connection of {peer}: it takes nothing of what is written"),
            Self::Draining { connections } => write!(f, "draining {connections} connections"),
            Self::Cut { connections } => write!(f, "{connections} connections were cut at the end of the drain"),
        }
    }
}
