mod accept;
mod clock;
mod connection;
mod event;
mod executor;
mod framing;
mod gather;
mod host;
mod limits;
mod ping;
#[cfg(feature = "tls")]
mod secure;
mod service;
mod shared;
mod stream;
mod stream_stop;
mod watch;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio::net::TcpListener;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Error, ErrorHandlers, Exchange};
use towerkit_lifecycle::{Lifeline, Member};

use crate::Body;
use limits::Limits;

pub use event::ServeEvent;
pub use stream_stop::StreamStop;

/// Serves a Tower HTTP service on a listener: HTTP/1.1 and h2c (with prior knowledge) on one port, or both over TLS with the
/// feature `tls`.
///
/// The service is anything that takes a `Request<Body>`: a [`Router`](crate::Router), a [`Server`](crate::Server), axum's router.
/// It is cloned for each request, and its readiness is awaited inside the request.
///
/// # Limits
///
/// All have defaults that are safe in the open; what is over one is refused or closed, and told to
/// [`on_event`](Serve::on_event). The `serve` of `towerkit-transport-grpc` has some of its own, and says which.
///
/// | limit | default | over it |
/// | --- | --- | --- |
/// | [connections](Serve::max_connections) | 10 000 | not accepted; they wait in the kernel's queue |
/// | TLS handshake (`handshake_timeout`, with the feature `tls`) | 10 s | closed |
/// | [header bytes](Serve::header_limit) | 16 KiB | 431 |
/// | headers | 100 | 431 |
/// | [header time](Serve::header_timeout) | 10 s | closed |
/// | [body bytes](Serve::request_limit) | 2 MiB | 413 |
/// | [body time](Serve::body_timeout) | 20 s of waiting; 500 bytes give 1 s back | 408, and closed |
/// | [write time](Serve::write_timeout) | 30 s of waiting; 500 bytes give 1 s back | closed; a stream of HTTP/2 is reset |
/// | [idle time](Serve::idle_timeout) | 60 s | closed |
/// | [streams of one HTTP/2 connection](Serve::max_streams) | 200 | refused by the protocol |
/// | `Host` (RFC 9112, section 3.2) | one, and valid | 400 |
///
/// A connection that it closes is read on for up to two seconds, so that a client which is still sending gets the answer (RFC
/// 9112, section 9.6). Upgrades, such as that of WebSocket, are not offered.
///
/// # Drain
///
/// Asked to [stop](Lifeline::stopping), it takes what the kernel has accepted already, and closes the listener. From then on
/// each HTTP/1.1 answer carries `connection: close`, and HTTP/2 connections get GOAWAY; calls under way end as ever. An idle
/// HTTP/1.1 connection is closed only after a [grace](Serve::drain_grace), so that a request that is on its way already is
/// answered. What is left shortly before [`Lifeline::stop_by`] is cut, and the error says how many requests that were, on how
/// many connections.
///
/// ```
/// use std::time::Duration;
/// use tokio::net::TcpListener;
/// use towerkit_endpoint::{Error, endpoint_fn};
/// use towerkit_lifecycle::{Lifeline, Member};
/// use towerkit_transport_http::codec::{Empty, Text};
/// use towerkit_transport_http::{Router, Server, serve};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), towerkit_endpoint::BoxError> {
/// let ping = endpoint_fn(|()| async { Ok::<_, Error>("pong") });
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let server = serve(listener, Router::new().get("/ping", Server::new(ping, Empty, Text)));
///
/// // A program adds it to a group: `Group::new().with(Signals::terminate()).with(server).run().await`.
/// let (lifeline, stopper) = Lifeline::detached();
/// let running = tokio::spawn(server.run(lifeline));
/// stopper.ready().await;
/// stopper.stop(Duration::from_secs(10));
/// running.await?
/// # }
/// ```
pub fn serve<S, B>(listener: TcpListener, service: S) -> Serve<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    Serve {
        listener,
        service,
        name: "http".into(),
        limits: Limits::default(),
        on_event: Arc::new(|_| {}),
        on_error: ErrorHandlers::default(),
        #[cfg(feature = "tls")]
        tls: None,
    }
}

/// A server on its listener: a [`Member`] of a group. See [`serve`](serve()).
pub struct Serve<S> {
    listener: TcpListener,
    service: S,
    name: Cow<'static, str>,
    limits: Limits,
    on_event: Arc<OnEvent>,
    on_error: ErrorHandlers,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::ServerTls>,
}

/// A time that is as good as for ever, and that the clock can still be advanced by.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

type OnEvent = dyn Fn(&ServeEvent) + Send + Sync;

impl<S> Serve<S> {
    /// What logs, reports and readiness call it; `http` by default.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// The most connections at a time.
    #[must_use]
    pub const fn max_connections(mut self, most: usize) -> Self {
        self.limits.connections = most;
        self
    }

    /// Speaks TLS, and nothing else: HTTP/2 where the peer offers it by ALPN, else HTTP/1.1. See [`tls`](crate::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::tls::ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// How long a TLS handshake may take. A connection counts as one from its beginning.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.limits.handshake_timeout = limit.min(LONGEST);
        self
    }

    /// The most bytes of a request's head.
    #[must_use]
    pub const fn header_limit(mut self, most: u32) -> Self {
        self.limits.header_limit = most;
        self
    }

    /// How long a request's head may take, from its first byte; and how long a new connection may stay silent.
    #[must_use]
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.limits.header_timeout = limit.min(LONGEST);
        self
    }

    /// The most bytes of a request's body, whatever serves it. A [`Server`](crate::Server) has a lower limit of its own, so
    /// both are raised for larger bodies.
    #[must_use]
    pub const fn request_limit(mut self, bytes: u64) -> Self {
        self.limits.body.bytes = bytes;
        self
    }

    /// How long a body may keep the service waiting. Every so many bytes that come give it a second back, but never more than
    /// it has used: so it may neither come slower than that for long, nor stop for longer than the time. (Apache's
    /// `mod_reqtimeout` has the same limit, where a body can save time up.)
    #[must_use]
    pub fn body_timeout(mut self, time: Duration, bytes_a_second: u64) -> Self {
        self.limits.body.time = time.min(LONGEST);
        self.limits.body.bytes_a_second = bytes_a_second.max(1);
        self
    }

    /// How long a peer may keep a reply waiting by not taking it. Every so many bytes that it takes give it a second back, as
    /// with [`body_timeout`](Self::body_timeout). On HTTP/2 it holds for the connection, and for each stream, whose window the peer
    /// may not have opened.
    #[must_use]
    pub fn write_timeout(mut self, time: Duration, bytes_a_second: u64) -> Self {
        self.limits.write_timeout = time.min(LONGEST);
        self.limits.write_bytes_a_second = bytes_a_second.max(1);
        self
    }

    /// How long a connection may have nothing to do. It is closed up to a quarter of that later.
    #[must_use]
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle_timeout = limit.min(LONGEST);
        self
    }

    /// The most streams that one HTTP/2 connection may have open.
    #[must_use]
    pub const fn max_streams(mut self, most: u32) -> Self {
        self.limits.streams = most;
        self
    }

    /// How long an idle HTTP/1.1 connection stays open once the drain has begun, or after its last answer in the drain; 1 s by
    /// default, and at most half the time there is. It should be longer than a request takes to get here.
    #[must_use]
    pub fn drain_grace(mut self, grace: Duration) -> Self {
        self.limits.drain_grace = grace.min(LONGEST);
        self
    }

    /// How long a reply that is a stream may go on once the drain has begun; half of the time there is by default. A codec whose
    /// streams can say so ends them then, see [`Body::stream_stop`](crate::Body::stream_stop); others go on until they are cut.
    #[must_use]
    pub fn stream_grace(mut self, grace: Duration) -> Self {
        self.limits.stream_grace = Some(grace.min(LONGEST));
        self
    }

    /// Asks a silent HTTP/2 peer by a ping whether it is there (RFC 9113, section 6.7), each time after so long, and closes the
    /// connection where no answer comes within the timeout. Off by default: a peer that is gone is noticed by the limits above,
    /// unless a stream of its lifts them. The `serve` of `towerkit-transport-grpc` has another default: 60 s and 20 s.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        let (interval, timeout) = (interval.min(LONGEST), timeout.min(LONGEST));
        self.limits.keep_alive = Some(limits::KeepAlive { interval, timeout });
        self
    }

    /// How many bytes of the bodies of an HTTP/2 connection may come before they are read: of one stream, and of all together; 1 MiB
    /// each by default. HTTP/2 has no more than 2³¹ − 1. The `serve` of `towerkit-transport-grpc` has another default: 256 KiB and 16 MiB.
    ///
    /// As much memory may a peer fill. In frames of less than 256 bytes it may fill half of it only, by what it costs to keep them, before
    /// the connection is ended as a flood (`ENHANCE_YOUR_CALM`): a stream of small messages that is read slowly wants a small window of
    /// its own, and a large one of the connection.
    #[must_use]
    pub fn http2_windows(mut self, stream: u32, connection: u32) -> Self {
        const MOST: u32 = (1 << 31) - 1;
        self.limits.windows = limits::Windows { stream: stream.min(MOST), connection: connection.min(MOST) };
        self
    }

    /// Tells of what befalls connections. The function must not block.
    #[must_use]
    pub fn on_event(mut self, tell: impl Fn(&ServeEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(tell);
        self
    }

    /// Adds a handler of errors, for diagnosis: it hears of each request that fails, at whatever route of a [`Router`](crate::Router) or of another
    /// transport on HTTP, and does not change the reply. It sees the whole [`Error`], with its source.
    ///
    /// Layers tell of what reaches an endpoint; of a request that [does not](Exchange::reached_endpoint), since it can't be decoded or nothing is
    /// at its path, only this handler hears:
    ///
    /// ```no_run
    /// # use towerkit_endpoint::{Error, Exchange};
    /// # use towerkit_transport_http::{Router, serve};
    /// # fn run(listener: tokio::net::TcpListener, routes: Router) {
    /// let server = serve(listener, routes).on_error(|error: &Error, exchange: &Exchange| {
    ///     if !exchange.reached_endpoint {
    ///         eprintln!("{exchange}: {error}");
    ///     }
    /// });
    /// # let _ = server;
    /// # }
    /// ```
    ///
    /// It runs where the request is served: it must not block, and must not panic. Anybody who reaches the listener can send such requests, so what is
    /// written for each should be short.
    #[must_use]
    pub fn on_error(mut self, handler: impl Fn(&Error, &Exchange) + Send + Sync + 'static) -> Self {
        self.on_error.push(handler);
        self
    }
}

impl<S, B> Member for Serve<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    async fn run(self, lifeline: Lifeline) -> Result<(), BoxError> {
        accept::run(self, lifeline).await
    }
}

impl<S> fmt::Debug for Serve<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("name", &self.name)
            .field("listener", &self.listener)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
