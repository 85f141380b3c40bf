mod channel;
mod failure;
mod finalizer;
mod outgoing;
mod pool_channel;
mod remote;
mod replies;
mod reply;
mod request;
mod service;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Uri};
use towerkit_endpoint::{Context, Error, Via, WithMetadata};

use crate::compression::Compression;
use crate::convert::{ConvertFn, TryConvertFn};
use crate::frame::DEFAULT_LIMIT;

pub use channel::Channel;
pub use finalizer::CallSummary;
pub use pool_channel::{PoolChannel, PoolChannelFuture};
pub use remote::{InvalidRemote, Remote};
pub use reply::{Accompanied, ManyReplies, OneReply};
pub use request::{Converts, ManyRequests, OneRequest};
pub use service::ClientFuture;

/// An endpoint that calls one method of a remote gRPC service.
///
/// [`Remote`] makes it. Layers go around it as around any endpoint; `erased()` gives a
/// [`BoxEndpoint`](towerkit_endpoint::BoxEndpoint).
///
/// | kind | the endpoint's message | its reply |
/// | --- | --- | --- |
/// | unary | `T` | `R` |
/// | server streaming | `T` | [`BoxStream<R>`](towerkit_endpoint::BoxStream) |
/// | client streaming | a stream of `Result<T, E>`, such as a [`BoxStream<T>`](towerkit_endpoint::BoxStream) | `R` |
/// | bidirectional | a stream | [`BoxStream<R>`](towerkit_endpoint::BoxStream) |
///
/// Whatever the kind, the reply may be asked for [`with_metadata`](Self::with_metadata).
///
/// # The order of events
///
/// ```text
/// encode ─▶ before ─▶ send ─▶ after ─▶ trailers ─▶ decode ─┬─▶ finalize
///    │         │        │                 │                │
///    └─────────┴────────┴─────────────────┴────────────────┘
/// ```
///
/// *before* changes the headers of the request, and may refuse. *after* sees the headers and *trailers* the trailers of every reply,
/// also of a failed one; where that is nothing but a status, both see its one block. The messages of a stream are decoded as they come,
/// before its trailers. *finalize* always runs, also when the call is
/// given up: for a reply that is a stream at its end. Hooks of a kind run in the order they were given.
///
/// # What goes out
///
/// The metadata of the request's [`Context`], moved, as headers; those that belong to the connection or to the protocol are left
/// out. Then `grpc-timeout`, the time that is left, and `user-agent` where none is set. A call made while serving a request starts
/// from [`Context::outgoing`], so that nothing goes out by accident. A stream is read as the peer's window has room; where it fails the
/// call is cancelled, and ends with that error.
///
/// # Time
///
/// The deadline of the context and [`timeout`](Self::timeout) bound the whole call; the earlier one counts, from `call` on. Where the
/// reply is a stream, the timeout bounds the time to its beginning, and the deadline all of it. When it has passed nothing is sent.
/// Dropping the future, or the stream, cancels the call: its stream of HTTP/2 is reset.
///
/// # A server that goes away
///
/// A call that the service has not begun with, because its connection was going away or it refused the stream, is sent once more, twice at most
/// ("gRPC Retry Design", transparent retries); one with a stream of messages as long as none of them was taken. Nothing else is repeated here:
/// `towerkit-retry` does that.
///
/// # Failures
///
/// | what happened | code | beside it |
/// | --- | --- | --- |
/// | a reply with a status | its code, see [`error_of`](crate::error_of) | violations, delay, details, and the [`Status`](crate::Status) with its trailers |
/// | a reply that is none of gRPC | by its status of HTTP ("HTTP to gRPC Status Code Mapping") | |
/// | no connection, or a stream that was refused each time | `Unavailable` | [`NotSent`](towerkit_endpoint::NotSent) |
/// | the connection broke | `Unavailable` | |
/// | the stream was reset | by the reason ("gRPC over HTTP2", `Errors`) | |
/// | the time is over | `DeadlineExceeded` | [`NotSent`](towerkit_endpoint::NotSent) where it was over before |
/// | a message of the reply is longer than [`reply_limit`](Self::reply_limit) | `ResourceExhausted` | |
/// | a good reply that can't be read | `Internal` | |
/// | a good reply that does not convert | that of the conversion | |
///
/// # Readiness and clones
///
/// It is ready when its channel is, and calls the instance that was made ready. Clones share the settings, and what the channel
/// shares.
pub struct Client<S, I, O, T, R> {
    channel: S,
    request: I,
    reply: O,
    settings: Arc<Settings>,
    types: PhantomData<fn(T) -> R>,
}

#[derive(Clone)]
struct Settings {
    path: &'static str,
    uri: Uri,
    timeout: Duration,
    reply_limit: usize,
    request_limit: usize,
    compression: Option<Compression>,
    before: Vec<Arc<Before>>,
    after: Vec<Arc<Seen>>,
    trailers: Vec<Arc<Seen>>,
    finalize: Vec<Arc<Finalize>>,
}

type Before = dyn Fn(&Context, &mut HeaderMap) -> Result<(), Error> + Send + Sync;
type Seen = dyn Fn(&HeaderMap) + Send + Sync;
type Finalize = dyn Fn(&CallSummary) + Send + Sync;

impl<S, I, O, T, R> Client<S, I, O, T, R> {
    /// The most time a call takes, unless [said otherwise](Self::timeout): 30 seconds.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// The most bytes of a message of a request, unless [said otherwise](Self::request_limit): 4 MiB.
    pub const DEFAULT_REQUEST_LIMIT: usize = DEFAULT_LIMIT;

    /// The most bytes of a message of a reply, unless [said otherwise](Self::reply_limit): 4 MiB.
    pub const DEFAULT_REPLY_LIMIT: usize = DEFAULT_LIMIT;

    fn new(channel: S, path: &'static str, request: I, reply: O) -> Self {
        let settings = Settings {
            path,
            uri: Uri::from_static(path),
            timeout: Self::DEFAULT_TIMEOUT,
            reply_limit: DEFAULT_LIMIT,
            request_limit: DEFAULT_LIMIT,
            compression: None,
            before: Vec::new(),
            after: Vec::new(),
            trailers: Vec::new(),
            finalize: Vec::new(),
        };
        Self { channel, request, reply, settings: Arc::new(settings), types: PhantomData }
    }

    /// Gives the reply with its headers as its metadata; and, where it is no stream, with its trailers. Those of a stream come behind it:
    /// see [`trailers`](Self::trailers).
    #[must_use]
    pub fn with_metadata(self) -> Client<S, I, Accompanied<O>, T, WithMetadata<R>> {
        let Self { channel, request, reply, settings, types: _ } = self;
        Client { channel, request, reply: Accompanied(reply), settings, types: PhantomData }
    }

    /// How its calls go: what a span of a call says of it.
    #[must_use]
    pub fn via(&self) -> Via {
        Via::grpc(self.settings.path)
    }

    /// The most time a call takes, whatever the caller's deadline; where the reply is a stream, the most time to its beginning.
    /// One too long for the clock is none: [`Duration::MAX`] leaves the caller's deadline alone.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.set(|settings| settings.timeout = limit)
    }

    /// The most bytes of a message of a reply, each one of a stream.
    #[must_use]
    pub fn reply_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.reply_limit = bytes)
    }

    /// The most bytes of a message of a request, each one of a stream; a longer one is `ResourceExhausted`.
    #[must_use]
    pub fn request_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.request_limit = bytes)
    }

    /// Compresses the messages that go. It is for the user to know that the service takes it: one that does not answers
    /// `Unimplemented`.
    #[must_use]
    pub fn compress(self, compression: Compression) -> Self {
        self.set(|settings| settings.compression = Some(compression))
    }

    /// Adds a hook that sees the headers of the request last, and may change them or refuse the call. The context's metadata stand
    /// among them already, and no longer in the context.
    #[must_use]
    pub fn before(self, hook: impl Fn(&Context, &mut HeaderMap) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.before.push(Arc::new(hook)))
    }

    /// Adds a hook that sees the headers of every reply.
    #[must_use]
    pub fn after(self, hook: impl Fn(&HeaderMap) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.after.push(Arc::new(hook)))
    }

    /// Adds a hook that sees the trailers of every reply that has come to its end.
    #[must_use]
    pub fn trailers(self, hook: impl Fn(&HeaderMap) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.trailers.push(Arc::new(hook)))
    }

    /// Adds a hook that runs when all is over, once for each call.
    ///
    /// It may run in the `Drop` of a future: it must not block, and must not panic.
    #[must_use]
    pub fn finalize(self, hook: impl Fn(&CallSummary) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.finalize.push(Arc::new(hook)))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S, I: Converts, O, T, R> Client<S, I, O, T, R> {
    /// Makes the message that goes by a function, `Fn(T) -> M`, in place of [`From`]; where messages go as a stream, each of them.
    #[must_use]
    pub fn encode<F>(self, encode: F) -> Client<S, I::With<ConvertFn<F>>, O, T, R> {
        let Self { channel, request, reply, settings, types } = self;
        Client { channel, request: request.with(ConvertFn(encode)), reply, settings, types }
    }
}

impl<S, I, O: Converts, T, R> Client<S, I, O, T, R> {
    /// Makes the caller's value of a message that comes by a function, `Fn(M) -> R`, in place of [`TryFrom`]; where replies come as a stream,
    /// of each.
    #[must_use]
    pub fn decode<F>(self, decode: F) -> Client<S, I, O::With<ConvertFn<F>>, T, R> {
        let Self { channel, request, reply, settings, types } = self;
        Client { channel, request, reply: reply.with(ConvertFn(decode)), settings, types }
    }

    /// [`decode`](Self::decode) by a function that may refuse the message, `Fn(M) -> Result<R, E>`. Its error is that of the call.
    #[must_use]
    pub fn try_decode<F>(self, decode: F) -> Client<S, I, O::With<TryConvertFn<F>>, T, R> {
        let Self { channel, request, reply, settings, types } = self;
        Client { channel, request, reply: reply.with(TryConvertFn(decode)), settings, types }
    }
}

impl<S: Clone, I: Clone, O: Clone, T, R> Clone for Client<S, I, O, T, R> {
    fn clone(&self) -> Self {
        Self {
            channel: self.channel.clone(),
            request: self.request.clone(),
            reply: self.reply.clone(),
            settings: self.settings.clone(),
            types: PhantomData,
        }
    }
}

impl<S, I, O, T, R> fmt::Debug for Client<S, I, O, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("path", &self.settings.path)
            .field("timeout", &self.settings.timeout)
            .field("reply_limit", &self.settings.reply_limit)
            .field("request_limit", &self.settings.request_limit)
            .finish_non_exhaustive()
    }
}
