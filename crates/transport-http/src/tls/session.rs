use std::fmt;

use http::Version;
use rustls::{ProtocolVersion, ServerConnection};
use towerkit_endpoint::PeerIdentity;

use super::identity::{self, Unreadable};

/// What was agreed on when a connection began: [`Body::tls`](crate::Body::tls) of a request.
#[derive(Clone)]
pub struct Session {
    tls13: bool,
    http2: bool,
    server_name: Option<Box<str>>,
    peer: Option<PeerIdentity>,
}

impl Session {
    pub(crate) fn of(connection: &ServerConnection) -> Result<Self, Unreadable> {
        Ok(Self {
            tls13: connection.protocol_version() == Some(ProtocolVersion::TLSv1_3),
            http2: connection.alpn_protocol() == Some(b"h2"),
            server_name: connection.server_name().map(Into::into),
            peer: match connection.peer_certificates() {
                Some(chain) if !chain.is_empty() => Some(identity::read(chain)?),
                _ => None,
            },
        })
    }

    /// Who the peer is by its certificate; none where it showed none.
    #[must_use]
    pub const fn peer(&self) -> Option<&PeerIdentity> {
        self.peer.as_ref()
    }

    /// `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        if self.tls13 { "TLSv1.3" } else { "TLSv1.2" }
    }

    /// What is spoken: HTTP/2 where ALPN agreed on it, else HTTP/1.1.
    #[must_use]
    pub const fn protocol(&self) -> Version {
        if self.http2 { Version::HTTP_2 } else { Version::HTTP_11 }
    }

    /// The name that the peer asked for (SNI, RFC 6066, section 3).
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("version", &self.version())
            .field("protocol", &self.protocol())
            .field("server_name", &self.server_name)
            .field("peer", &self.peer)
            .finish()
    }
}
