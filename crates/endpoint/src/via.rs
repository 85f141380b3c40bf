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
/// context.set_via(Some(Via::grpc("/pb.Add/Sum")));
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
    /// By HTTP. What can't be a path is `/`.
    #[must_use]
    pub fn http(method: Method, path: &str) -> Self {
        Self::Http { method, path: path.parse().unwrap_or(PathAndQuery::from_static("/")) }
    }

    /// By JSON-RPC: the name of a method.
    #[must_use]
    pub fn json_rpc(method: &str) -> Self {
        Self::JsonRpc { method: method.into() }
    }

    /// By gRPC: the path of a method, `/package.Service/Method`. What can't be a path is none.
    #[must_use]
    pub fn grpc(path: &str) -> Self {
        Self::Grpc { path: path.parse().ok() }
    }

    /// By NATS: a subject.
    #[must_use]
    pub fn nats(subject: &str) -> Self {
        Self::Nats { subject: subject.into() }
    }

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

/// As it is displayed.
impl fmt::Debug for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For people: `http POST /sum`. Without the query: credentials are sent in it.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { method, path } => write!(f, "http {method} {}", path.path()),
            Self::JsonRpc { method } => write!(f, "jsonrpc {method}"),
            Self::Grpc { path: Some(path) } => write!(f, "grpc {}", path.path()),
            Self::Grpc { path: None } => f.write_str("grpc"),
            Self::Nats { subject } => write!(f, "nats {subject}"),
        }
    }
}
