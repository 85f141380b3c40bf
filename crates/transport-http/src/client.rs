pub(crate) mod base;
mod codec;
#[cfg(feature = "tls")]
mod connect;
mod draft;
mod failure;
mod finalizer;
mod headers;
mod operation;
mod pool;
mod remote;
mod reply_error;
mod service;
mod template;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, request, response};
use towerkit_endpoint::{Context, Error, Via};

use base::Base;
use template::Template;

pub use base::InvalidBaseUrl;
pub use codec::{
    DecodeResponse, DecodeResponseFn, EncodeRequest, EncodeRequestFn, decode_response_fn, encode_request_fn,
};
pub(crate) use codec::{expect_reply_type, json_bytes, read as read_reply, unreadable};
pub use draft::Draft;
pub use failure::transport_failure;
pub use finalizer::CallSummary;
pub use headers::strip_reserved;
pub use operation::Operation;
pub use pool::{Pool, PoolFuture, PoolSettings};
pub use remote::Remote;
pub use reply_error::reply_error;
pub use service::ClientFuture;

/// An endpoint that calls one method of a remote HTTP service.
///
/// [`Remote`] makes it. Layers go around it as around any endpoint; `erased()` gives a
/// [`BoxEndpoint`](towerkit_endpoint::BoxEndpoint).
///
/// # The order of events
///
/// ```text
/// encode ─▶ before ─▶ send ─▶ after ─▶ decode ──────────┬─▶ finalize
///    │         │        │        └─▶ error_decoder ─▶───┤
///    └─────────┴────────┴───────────────────────────────┘
/// ```
///
/// *before* changes the head of the request, and may refuse. *after* sees the head of every reply, also of a failed one.
/// *finalize* always runs, also when the call is given up. Hooks of a kind run in the order they were given.
///
/// # What goes out
///
/// The metadata of the request's [`Context`], moved, as headers; those that belong to the connection or to the body
/// (`connection` and what it names, `host`, `transfer-encoding`, `te`, `upgrade`, `keep-alive`, `proxy-*`, `content-length`,
/// and the like) are left out. Then `content-type`, `content-length`, `accept`, `user-agent` where none is set, and
/// `towerkit-timeout`, the time that is left. A call made while serving a request starts from
/// [`Context::outgoing`](towerkit_endpoint::Context::outgoing), so that nothing goes out by accident.
///
/// # Time
///
/// The deadline of the context and [`timeout`](Self::timeout) bound the whole call, the reading of the reply with it; the
/// earlier one counts, from `call` on. When it has passed nothing is sent. Dropping the future cancels the call: over
/// HTTP/1.1 the connection is closed, over HTTP/2 the stream is reset.
///
/// # Failures
///
/// | what happened | code | beside it |
/// | --- | --- | --- |
/// | a reply with a status of 4xx or 5xx | see [`reply_error`] | the [`StatusCode`](http::StatusCode), `retry-after`, `www-authenticate` |
/// | a redirect: it is not followed | `Unknown` | |
/// | no connection | `Unavailable` | [`NotSent`](towerkit_endpoint::NotSent) |
/// | the connection broke, or the reply broke off | `Unavailable` | |
/// | the time is over | `DeadlineExceeded` | [`NotSent`](towerkit_endpoint::NotSent) where it was over before |
/// | the reply is longer than [`reply_limit`](Self::reply_limit) | `ResourceExhausted` | |
/// | a good reply that can't be read | `Internal` | |
/// | a value that can't stand in the path | `InvalidArgument` | [`NotSent`](towerkit_endpoint::NotSent) |
///
/// What an error's message says may reach the caller's caller; what really broke is the
/// [`source`](std::error::Error::source).
///
/// # Readiness and clones
///
/// It is ready when its transport is, and calls the instance that was made ready. Clones share the settings, and with a
/// [`Pool`] the connections. A call allocates its future, its URL and its body.
pub struct Client<S, N, D, T, R, M> {
    transport: S,
    settings: Arc<Settings<N, D, T>>,
    types: PhantomData<Types<T, R, M>>,
}

// What it reads and the mark of how: found by inference, never written by a user.
type Types<T, R, M> = fn(T) -> (R, M);

struct Settings<N, D, T> {
    method: Method,
    base: Base,
    template: Arc<Template>,
    params: Vec<(usize, Arc<Param<T>>)>,
    encode: N,
    decode: D,
    timeout: Duration,
    reply_limit: usize,
    before: Vec<Arc<Before>>,
    after: Vec<Arc<After>>,
    finalize: Vec<Arc<Finalize>>,
    error_decoder: Arc<ErrorDecoder>,
}

type Param<T> = dyn Fn(&T) -> String + Send + Sync;
type Before = dyn Fn(&Context, &mut request::Parts) -> Result<(), Error> + Send + Sync;
type After = dyn Fn(&response::Parts) + Send + Sync;
type Finalize = dyn Fn(&CallSummary) + Send + Sync;
type ErrorDecoder = dyn Fn(&response::Parts, &Bytes) -> Error + Send + Sync;

impl<S, N: Clone, D: Clone, T, R, M> Client<S, N, D, T, R, M> {
    /// The most time a call takes, unless [said otherwise](Self::timeout): 30 seconds.
    pub const DEFAULT_TIMEOUT: Duration = operation::DEFAULT_TIMEOUT;

    /// The most bytes that are read of a reply, unless [said otherwise](Self::reply_limit): 4 MiB.
    pub const DEFAULT_REPLY_LIMIT: usize = operation::DEFAULT_REPLY_LIMIT;

    /// How its calls go: what a span of a call says of it. The path is the template, without the values of a message and without the base URL.
    ///
    /// ```
    /// use towerkit_endpoint::{BoxEndpoint, Endpoint};
    /// use towerkit_transport_http::{Pool, Remote};
    ///
    /// let remote = Remote::new(&Pool::new(), "http://127.0.0.1:8081")?;
    /// let sum = remote.post("/sum").json();
    /// assert_eq!(sum.via().to_string(), "http POST /sum"); // for `tracer.calls("sum").via(sum.via())`
    /// let sum: BoxEndpoint<(i64, i64), i64> = sum.erased();
    /// # let _ = sum;
    /// # Ok::<(), towerkit_transport_http::InvalidBaseUrl>(())
    /// ```
    #[must_use]
    pub fn via(&self) -> Via {
        Via::http(self.settings.method.clone(), self.settings.template.text())
    }

    /// The most time a call takes, whatever the caller's deadline; where the reply is a stream, the most time to its beginning. One
    /// too long for the clock is none:
    /// [`Duration::MAX`] leaves the caller's deadline alone.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.set(|settings| settings.timeout = limit)
    }

    /// The most bytes that are read of a reply's body.
    #[must_use]
    pub fn reply_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.reply_limit = bytes)
    }

    /// Adds a hook that sees the head of the request last, and may change or refuse it. The context's metadata stands in
    /// the headers already, and no longer in the context.
    #[must_use]
    pub fn before(
        self,
        hook: impl Fn(&Context, &mut request::Parts) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        self.set(|settings| settings.before.push(Arc::new(hook)))
    }

    /// Adds a hook that sees the head of every reply.
    #[must_use]
    pub fn after(self, hook: impl Fn(&response::Parts) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.after.push(Arc::new(hook)))
    }

    /// Adds a hook that runs when all is over, once for each call.
    ///
    /// It may run in the `Drop` of a future: it must not block, and must not panic.
    #[must_use]
    pub fn finalize(self, hook: impl Fn(&CallSummary) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.finalize.push(Arc::new(hook)))
    }

    /// Replaces the reader of failed replies, [`reply_error`]. It is given the body up to 64 KiB, or the
    /// [`reply_limit`](Self::reply_limit) where that is less; a longer or a broken one it sees empty.
    #[must_use]
    pub fn error_decoder(self, decode: impl Fn(&response::Parts, &Bytes) -> Error + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.error_decoder = Arc::new(decode))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings<N, D, T>)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

// By hand, since a message need not be `Clone`.
impl<N: Clone, D: Clone, T> Clone for Settings<N, D, T> {
    fn clone(&self) -> Self {
        Self {
            method: self.method.clone(),
            base: self.base.clone(),
            template: self.template.clone(),
            params: self.params.clone(),
            encode: self.encode.clone(),
            decode: self.decode.clone(),
            timeout: self.timeout,
            reply_limit: self.reply_limit,
            before: self.before.clone(),
            after: self.after.clone(),
            finalize: self.finalize.clone(),
            error_decoder: self.error_decoder.clone(),
        }
    }
}

impl<S: Clone, N, D, T, R, M> Clone for Client<S, N, D, T, R, M> {
    fn clone(&self) -> Self {
        Self { transport: self.transport.clone(), settings: self.settings.clone(), types: PhantomData }
    }
}

impl<S, N, D, T, R, M> fmt::Debug for Client<S, N, D, T, R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("method", &self.settings.method)
            .field("base", &self.settings.base)
            .field("path", &self.settings.template)
            .field("timeout", &self.settings.timeout)
            .field("reply_limit", &self.settings.reply_limit)
            .finish_non_exhaustive()
    }
}
