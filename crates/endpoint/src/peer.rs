use std::fmt;
use std::net::SocketAddr;

/// The address the caller's connection came from, as a value in the [`Context`](crate::Context).
///
/// A server's transport puts it in. Behind a proxy it is the proxy's.
///
/// ```
/// use towerkit_endpoint::{Context, PeerAddr};
///
/// let mut context = Context::new();
/// context.insert(PeerAddr("127.0.0.1:4711".parse().unwrap()));
/// assert_eq!(context.get::<PeerAddr>().unwrap().0.port(), 4711);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddr(pub SocketAddr);

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
