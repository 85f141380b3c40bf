use std::fmt;
use std::sync::Arc;

use http::Method;
use http::uri::PathAndQuery;

/// How a request came, as the transport tells it: for logs and traces, and for nothing that decides.
///
/// An endpoint and its layers work alike however they are reached, and none should ask. What observes them may say it to people.
///
/// ```
/// use towerkit_endpoint::{Context, Via};
///
/// let mut context = Context::new();
/// context.set_via(Some(Via::Grpc { path: "/pb.Add/Sum".parse().ok() }));
/// assert_eq!(context.via().map(Via::protocol), Some("grpc"));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Via {
    /// A request of HTTP.
    Http {
        /// Its method.
        method: Method,
        /// Its path, and a query, as it came: it may hold anything, secrets too.
        path: PathAndQuery,
    },
    /// A call of JSON-RPC.
    JsonRpc {
        /// The name of its method: one that is served.
        method: Arc<str>,
    },
    /// A call of gRPC.
    Grpc {
        /// `/package.Service/Method`, where the transport knows it: a generated service does not tell.
        path: Option<PathAndQuery>,
    },
    /// A message of NATS.
    Nats {
        /// The subject it was sent to.
        subject: Arc<str>,
    },
}

impl Via {
    /// `http`, `jsonrpc`, `grpc` or `nats`.
    #[must_use]
    pub const fn protocol(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::JsonRpc { .. } => "jsonrpc",
            Self::Grpc { .. } => "grpc",
            Self::Nats { .. } => "nats",
        }
    }
}

/// Without the query: credentials are sent in it.
impl fmt::Debug for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { method, path } => write!(f, "http {method} {}", path.path()),
            Self::JsonRpc { method } => write!(f, "jsonrpc {method}"),
            Self::Grpc { path } => write!(f, "grpc {}", path.as_ref().map_or("", PathAndQuery::path)),
            Self::Nats { subject } => write!(f, "nats {subject}"),
        }
    }
}
