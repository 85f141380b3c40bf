use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;
use towerkit_endpoint::BoxError;

use crate::Body;

/// Connections to remote services, kept and used again: the transport of [`Remote::new`](crate::Remote::new).
///
/// A program makes one and hands it to all its remotes. Clones share the connections; when the last is dropped, the idle ones
/// are closed. It speaks HTTP/1.1 without TLS, or HTTP/2 by prior knowledge; over TLS another transport is given to
/// [`Remote::over`](crate::Remote::over). It is always ready: a limit on calls stands in the endpoint's stack.
///
/// A request that meets a connection which the server has closed meanwhile, and of which nothing was sent, is sent on
/// another. Nothing else is repeated here.
///
/// ```
/// use std::time::Duration;
/// use towerkit_transport_http::Pool;
///
/// let pool = Pool::builder().connect_timeout(Duration::from_secs(1)).max_idle_per_host(16).build();
/// # let _ = pool;
/// ```
#[derive(Clone)]
pub struct Pool {
    client: Client<HttpConnector, Body>,
}

impl Pool {
    /// With the defaults of [`PoolSettings`].
    #[must_use]
    pub fn new() -> Self {
        PoolSettings::default().build()
    }

    /// With other settings.
    pub fn builder() -> PoolSettings {
        PoolSettings::default()
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// The settings of a [`Pool`].
#[derive(Clone, Debug)]
#[must_use = "it makes no pool until it is built"]
pub struct PoolSettings {
    connect_timeout: Duration,
    idle_timeout: Duration,
    max_idle_per_host: usize,
    http2: bool,
}

impl PoolSettings {
    /// The most time to connect, over all addresses of a host; 5 s by default.
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long an idle connection is kept; 30 s by default. It should be shorter than the server's own limit, so that the
    /// server is not the one who closes.
    pub const fn idle_timeout(mut self, limit: Duration) -> Self {
        self.idle_timeout = limit;
        self
    }

    /// How many idle connections are kept for a host and port; 128 by default. It bounds no calls: those above it open a
    /// connection each, which is closed afterwards.
    pub const fn max_idle_per_host(mut self, connections: usize) -> Self {
        self.max_idle_per_host = connections;
        self
    }

    /// HTTP/2 by prior knowledge (RFC 9113, section 3.3): one connection for all calls to a host. By default HTTP/1.1.
    pub const fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// The pool. Its connections are opened when they are needed.
    #[must_use]
    pub fn build(self) -> Pool {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(self.connect_timeout));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle_per_host)
            .http2_only(self.http2)
            // All calls share the connection: one that died in silence must not hold them all up.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .build(connector);
        Pool { client }
    }
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            max_idle_per_host: 128,
            http2: false,
        }
    }
}

impl Service<Request<Body>> for Pool {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = PoolFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        PoolFuture(self.client.request(request))
    }
}

/// The future of a [`Pool`]. Dropping it cancels the call.
pub struct PoolFuture(ResponseFuture);

impl Future for PoolFuture {
    type Output = Result<Response<Body>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|result| match result {
            Ok(response) => Ok(response.map(Body::from)),
            Err(error) => Err(error.into()),
        })
    }
}

impl fmt::Debug for PoolFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolFuture")
    }
}
