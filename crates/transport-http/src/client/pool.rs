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
/// are closed. It speaks HTTP/1.1, or HTTP/2 by prior knowledge. With the feature `tls` and `PoolSettings::tls` it speaks `https`
/// too, where ALPN decides between the two; without, another transport for it is given to
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
    client: Client<Transport, Body>,
    pub(super) schemes: &'static [&'static str],
    http2: bool,
}

#[cfg(feature = "tls")]
type Transport = super::connect::Connector;
#[cfg(not(feature = "tls"))]
type Transport = HttpConnector;

impl Pool {
    /// With the defaults of [`PoolSettings`].
    #[must_use]
    pub fn new() -> Self {
        PoolSettings::default().build()
    }

    /// Whether it speaks [HTTP/2 only](PoolSettings::http2).
    #[must_use]
    pub const fn is_http2(&self) -> bool {
        self.http2
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
    stream_window: u32,
    connection_window: u32,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ClientTls>,
}

impl PoolSettings {
    /// The most time to connect, over all addresses of a host, with the handshake of TLS where there is one; 5 s by default.
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

    /// HTTP/2 by prior knowledge (RFC 9113, section 3.3): one connection for all calls to a host. By default HTTP/1.1. Over TLS
    /// it offers HTTP/2 only, and does not connect to a server that has no HTTP/2; by default it offers both there, and takes
    /// what the server chooses.
    pub const fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// How many bytes of replies over HTTP/2 may come before they are read: of one stream, 1 MiB by default, and of all that share a
    /// connection, 16 MiB. HTTP/2 has no more than 2³¹ − 1. As much memory may a server fill; in frames of less than 256 bytes half of it, by what
    /// it costs to keep them, before the connection is ended as a flood: see [`Serve::http2_windows`](crate::Serve::http2_windows).
    pub fn http2_windows(mut self, stream: u32, connection: u32) -> Self {
        const MOST: u32 = (1 << 31) - 1;
        (self.stream_window, self.connection_window) = (stream.min(MOST), connection.min(MOST));
        self
    }

    /// Speaks TLS where a URL has the scheme `https`; those with `http` are called without, as ever.
    ///
    /// A server that is not trusted, or that does not take the client's certificate, is `Unavailable`, and the call was
    /// [not sent](towerkit_endpoint::NotSent); the error's source says why.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::tls::ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The pool. Its connections are opened when they are needed.
    #[must_use]
    pub fn build(self) -> Pool {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(self.connect_timeout));
        connector.set_nodelay(true);
        let schemes: &[_] = if self.has_tls() { &["http", "https"] } else { &["http"] };
        #[cfg(feature = "tls")]
        let connector = super::connect::Connector::new(connector, self.tls, self.http2, self.connect_timeout);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle_per_host)
            .http2_only(self.http2)
            // All calls share the connection: one that died in silence must not hold them all up.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .http2_initial_stream_window_size(self.stream_window)
            .http2_initial_connection_window_size(self.connection_window)
            .build(connector);
        Pool { client, schemes, http2: self.http2 }
    }

    #[cfg(feature = "tls")]
    const fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    #[cfg(not(feature = "tls"))]
    const fn has_tls(&self) -> bool {
        false
    }
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            max_idle_per_host: 128,
            http2: false,
            stream_window: 1 << 20,
            connection_window: 16 << 20,
            #[cfg(feature = "tls")]
            tls: None,
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
