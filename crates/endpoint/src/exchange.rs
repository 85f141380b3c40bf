use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::{Error, Via};

/// Which request it was: what a server's error handlers and finalizers are told, alike for every transport.
///
/// ```
/// use http::Method;
/// use towerkit_endpoint::{Exchange, Via};
///
/// let exchange = Exchange::new(Some(Via::http(Method::POST, "/sum")), Some("10.0.0.7:40312".parse()?));
/// assert_eq!(exchange.to_string(), "http POST /sum from 10.0.0.7:40312");
/// assert!(!exchange.reached_endpoint);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// How it came: the path, the method or the subject, in the words of the transport.
    pub via: Option<Via>,
    /// Where it came from, as far as the transport knows.
    pub peer: Option<SocketAddr>,
    /// Whether the endpoint was called. Where it was not, no layer of its stack knows of the request, and no line of a log, no metric and no
    /// span tells of it: a hook refused it, or it could not be decoded, or nothing is there.
    pub reached_endpoint: bool,
}

impl Exchange {
    /// Of a request that has just come: for transports.
    #[must_use]
    pub const fn new(via: Option<Via>, peer: Option<SocketAddr>) -> Self {
        Self { via, peer, reached_endpoint: false }
    }
}

/// For people: how it came and where from, without a query.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.via {
            Some(via) => via.fmt(f)?,
            None => f.write_str("a request")?,
        }
        match &self.peer {
            Some(peer) => write!(f, " from {peer}"),
            None => Ok(()),
        }
    }
}

/// Who is told of the errors of requests: for transports, which keep here what their users give to `on_error`.
///
/// Clones are the same handlers; one that is added to a clone is its own.
///
/// ```
/// use towerkit_endpoint::{Code, ErrorHandlers, Exchange};
///
/// let mut handlers = ErrorHandlers::default();
/// handlers.push(|error, exchange| eprintln!("{exchange}: {error}"));
/// handlers.tell(&Code::NotFound.into(), &Exchange::new(None, None));
/// ```
#[derive(Clone, Default)]
pub struct ErrorHandlers(Vec<Arc<Handler>>);

type Handler = dyn Fn(&Error, &Exchange) + Send + Sync;

impl ErrorHandlers {
    /// Adds one, behind the others.
    pub fn push(&mut self, handler: impl Fn(&Error, &Exchange) + Send + Sync + 'static) {
        self.0.push(Arc::new(handler));
    }

    /// Whether there is none, so that nothing need be kept for them.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells each of them.
    pub fn tell(&self, error: &Error, exchange: &Exchange) {
        self.0.iter().for_each(|handler| handler(error, exchange));
    }
}

impl fmt::Debug for ErrorHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ErrorHandlers").field(&self.0.len()).finish()
    }
}
