mod answer;
mod decoded;
mod exchange;
mod finalizer;
mod generated;
mod hooks;
mod incoming;
mod reply;
mod request;
mod watched;

use std::fmt;
use std::sync::Arc;

use towerkit_endpoint::{Context, Error, Exchange};

use crate::compression::Compression;
use crate::convert::{Convert, ConvertFn, TryConvertFn};
use crate::frame::DEFAULT_LIMIT;
use crate::status::Status;

pub(crate) use answer::Call;
pub(crate) use exchange::Heard;
pub use exchange::Summary;
pub use generated::ReplyStream;
pub use hooks::Head;
use hooks::Hooks;
pub(crate) use reply::{WriteMany, WriteOne, WriteReply, failed};
pub(crate) use request::{ReadMany, ReadOne, ReadRequest};

/// An endpoint as a method of a gRPC service.
///
/// It is mounted in one of two ways, with the same conversions, hooks and limits:
///
/// * **by its path**, in [`Routes`](crate::Routes): nothing is generated but the messages, and it is the leaner one;
/// * **in a generated service**, whose trait it implements: [`unary`](Self::unary), [`server_streaming`](Self::server_streaming),
///   [`client_streaming`](Self::client_streaming) and [`bidi_streaming`](Self::bidi_streaming) take what tonic hands over.
///
/// | kind | the endpoint's message | its reply |
/// | --- | --- | --- |
/// | unary | `T` | `R` |
/// | server streaming | `T` | a stream of `Result<R, E>`, such as a [`BoxStream<R>`](towerkit_endpoint::BoxStream) |
/// | client streaming | [`BoxStream<T>`](towerkit_endpoint::BoxStream) | `R` |
/// | bidirectional | [`BoxStream<T>`](towerkit_endpoint::BoxStream) | a stream |
///
/// Clones share the settings and nothing else. It is always ready: the readiness of the endpoint is awaited inside the call, so a
/// limit that is to shed load stands in the endpoint's stack under tower's `load_shed`.
///
/// ```
/// # mod pb {
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct SumRequest { #[prost(int64, tag = "1")] pub a: i64, #[prost(int64, tag = "2")] pub b: i64 }
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct SumReply { #[prost(int64, tag = "1")] pub v: i64 }
/// # }
/// use towerkit_endpoint::{Error, endpoint_fn};
/// use towerkit_transport_grpc::{Method, Routes, Server};
///
/// const SUM: Method<pb::SumRequest, pb::SumReply> = Method::new("/pb.Add/Sum");
///
/// let sum = endpoint_fn(|(a, b): (i64, i64)| async move { Ok::<_, Error>(a + b) });
/// let sum = Server::new(sum)
///     .decode(|request: pb::SumRequest| (request.a, request.b))
///     .encode(|v: i64| pb::SumReply { v })
///     .on_error(|error, _| eprintln!("sum: {error:?}"));
/// let routes = Routes::new().unary(SUM, sum);
/// # let _ = routes;
/// ```
///
/// # The order of events
///
/// ```text
/// before ─▶ decode ─▶ endpoint ─▶ encode ──────────────┬─▶ after ─▶ finalize
///    │         │          │          │                 │
///    └─────────┴──────────┴──────────┴─▶ on_error ─▶ error_encoder
/// ```
///
/// *before* sees the context, and may refuse. *after* sees the metadata of every reply, also of a failed one. *finalize* always
/// runs, also when the caller goes away: for a reply that is a stream at its end. Hooks of a kind run in the order they were
/// given; a server without hooks pays nothing for them.
///
/// # What it takes from gRPC
///
/// Metadata are moved into the [`Context`], with the peer's address and, over TLS, its identity. `grpc-timeout` shortens the
/// deadline, which a [`DeadlineLayer`](towerkit_endpoint::DeadlineLayer) in the stack enforces; a stream that is open then ends with
/// `DeadlineExceeded`. A caller that cancels drops the endpoint's future, or the stream it answered with.
///
/// A stream is polled only as the peer's window has room, some 16 KiB ahead at most; the messages of a stream that comes are
/// read only as the endpoint asks for them, and the peer is held back by its window.
///
/// # Limits
///
/// A message of a request may have 4 MiB ([`request_limit`](Self::request_limit)), decompressed too. One of a reply may have as much
/// ([`reply_limit`](Self::reply_limit)).
pub struct Server<E, D = Convert, N = Convert> {
    endpoint: E,
    decode: D,
    encode: N,
    settings: Arc<Settings>,
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) request_limit: usize,
    pub(crate) reply_limit: usize,
    pub(crate) compression: Option<Compression>,
    pub(crate) end_on_drain: bool,
    pub(crate) hooks: Hooks,
}

impl<E> Server<E> {
    /// Converts messages by [`Convert`]: `TryFrom` for what comes and `From` for what goes, which is nothing where the endpoint's
    /// own types are those of the wire.
    #[must_use]
    pub fn new(endpoint: E) -> Self {
        let settings = Settings {
            request_limit: DEFAULT_LIMIT,
            reply_limit: DEFAULT_LIMIT,
            compression: None,
            end_on_drain: false,
            hooks: Hooks::default(),
        };
        Self { endpoint, decode: Convert, encode: Convert, settings: Arc::new(settings) }
    }
}

impl<E, D, N> Server<E, D, N> {
    /// The most bytes of a message of a request, unless [said otherwise](Self::request_limit): 4 MiB.
    pub const DEFAULT_REQUEST_LIMIT: usize = DEFAULT_LIMIT;

    /// The most bytes of a message of a reply, unless [said otherwise](Self::reply_limit): 4 MiB.
    pub const DEFAULT_REPLY_LIMIT: usize = DEFAULT_LIMIT;

    /// Makes the endpoint's message by a function, `Fn(M) -> T`; where messages come as a stream, each of them.
    #[must_use]
    pub fn decode<F>(self, decode: F) -> Server<E, ConvertFn<F>, N> {
        Server { endpoint: self.endpoint, decode: ConvertFn(decode), encode: self.encode, settings: self.settings }
    }

    /// [`decode`](Self::decode) by a function that may refuse the message, `Fn(M) -> Result<T, E>`.
    #[must_use]
    pub fn try_decode<F>(self, decode: F) -> Server<E, TryConvertFn<F>, N> {
        Server { endpoint: self.endpoint, decode: TryConvertFn(decode), encode: self.encode, settings: self.settings }
    }

    /// Makes the message that goes out by a function, `Fn(R) -> M`; where replies go as a stream, each of them.
    #[must_use]
    pub fn encode<F>(self, encode: F) -> Server<E, D, ConvertFn<F>> {
        Server { endpoint: self.endpoint, decode: self.decode, encode: ConvertFn(encode), settings: self.settings }
    }

    /// The most bytes of a message of a request, each one of a stream; a longer one gets `ResourceExhausted`. A generated service has a setting of its own.
    #[must_use]
    pub fn request_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.request_limit = bytes)
    }

    /// The most bytes of a message of a reply, each one of a stream; a longer one becomes `ResourceExhausted`. A generated service has a setting of its own.
    #[must_use]
    pub fn reply_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.reply_limit = bytes)
    }

    /// Compresses the messages of replies where the caller takes it. A generated service has a setting of its own.
    #[must_use]
    pub fn compress(self, compression: Compression) -> Self {
        self.set(|settings| settings.compression = Some(compression))
    }

    /// Ends a reply that is a stream as soon as the server begins to stop, with `Unavailable`, and not only after the
    /// [grace](towerkit_transport_http::Serve::stream_grace) of streams: for one that has no end of its own, such as a watch. A generated
    /// service's streams end after the grace.
    #[must_use]
    pub fn end_on_drain(self) -> Self {
        self.set(|settings| settings.end_on_drain = true)
    }

    /// Adds a hook that sees the context first, before the message is decoded, and may refuse the call.
    #[must_use]
    pub fn before(self, hook: impl Fn(&mut Context) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.hooks.before.push(Arc::new(hook)))
    }

    /// Adds a hook that changes the metadata of the reply, whatever became of the call. The context is as it came, before any
    /// layer of the stack. The first such hook costs a clone of the context a call.
    #[must_use]
    pub fn after(self, hook: impl Fn(&Context, &mut Head) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.hooks.after.push(Arc::new(hook)))
    }

    /// Adds a hook that runs when all is over: the reply was handed over, or its stream has ended, or the caller went away.
    ///
    /// It may run in the `Drop` of a future: it must not block, and must not panic.
    #[must_use]
    pub fn finalize(self, hook: impl Fn(&Summary) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.hooks.finalize.push(Arc::new(hook)))
    }

    /// Adds a handler of errors, for diagnosis: it sees the whole [`Error`], with its source, and does not change the reply. What the
    /// endpoint fails with its layers know of; of a call that [did not reach it](Exchange::reached_endpoint) only this handler hears.
    /// [`Serve::on_error`](towerkit_transport_http::Serve::on_error) does so for all methods.
    #[must_use]
    pub fn on_error(self, handler: impl Fn(&Error, &Exchange) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.hooks.on_error.push(handler))
    }

    /// Replaces the writer of failed replies, [`status_of`](crate::status_of).
    #[must_use]
    pub fn error_encoder(self, encode: impl Fn(&Error) -> Status + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.hooks.error_encoder = Arc::new(encode))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    pub(crate) fn into_parts(self) -> (E, D, N, Arc<Settings>) {
        (self.endpoint, self.decode, self.encode, self.settings)
    }
}

impl<E: Clone, D: Clone, N: Clone> Clone for Server<E, D, N> {
    fn clone(&self) -> Self {
        Self {
            endpoint: self.endpoint.clone(),
            decode: self.decode.clone(),
            encode: self.encode.clone(),
            settings: self.settings.clone(),
        }
    }
}

impl<E, D, N> fmt::Debug for Server<E, D, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("request_limit", &self.settings.request_limit)
            .field("reply_limit", &self.settings.reply_limit)
            .field("compression", &self.settings.compression)
            .finish_non_exhaustive()
    }
}
