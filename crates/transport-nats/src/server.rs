mod call;
mod exchange;
mod finalizer;
mod streaming;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use towerkit_endpoint::{Context, Error, ErrorHandlers, Exchange, Metadata};

use crate::codec::{Items, Json};
use crate::micro::{EndpointAbout, is_name};
use crate::{Reply, service_error};

pub(crate) use call::{Call, Scene, panic_text, panicked};
pub use exchange::Summary;

/// An endpoint that answers the messages of a subject: what [`Routes`](crate::Routes) hold.
///
/// Clones share the settings and nothing else. The readiness of the endpoint is awaited inside the call, so a limit that is to
/// shed load stands in the endpoint's stack under tower's `load_shed`.
///
/// # The order of events
///
/// ```text
/// before ─▶ decode ─▶ endpoint ─▶ encode ──────────────┬─▶ after ─▶ finalize
///    │         │          │          │                 │
///    └─────────┴──────────┴──────────┴─▶ on_error ─▶ error_encoder
/// ```
///
/// *before* sees the context, and may refuse. *after* sees the headers of every reply, also of a failed one. *finalize* always runs.
/// Hooks of a kind run in the order they were given; a server without hooks pays nothing for them.
///
/// A message without a subject to reply to is handled as any other, and nothing is written: neither a reply nor an error, which goes
/// to [`on_error`](Self::on_error) alone, and no *after* hook runs.
///
/// # What it takes from NATS
///
/// The headers become the [`Context`]'s metadata, names in lower case. Names that are no tokens of HTTP, and values with control
/// characters, are left out, but in a failure's text they are blanks; the order of values is kept, and of names that differ by case alone the one
/// with capitals comes first. `towerkit-timeout` shortens the
/// deadline, which a [`DeadlineLayer`](towerkit_endpoint::DeadlineLayer) in the stack enforces. The subject is the context's
/// [`Via`](towerkit_endpoint::Via), and what a wildcard matched is [`Matched`](crate::Matched). NATS tells a service nothing of the
/// peer's address, nor of a caller that went away, but while it reads a [stream](crate::stream).
///
/// # Limits
///
/// | what | default | over it |
/// | --- | --- | --- |
/// | [payload](Self::request_limit) of a request | 1 MiB, which is NATS' own default too | `ResourceExhausted` |
/// | [headers](Self::header_limit) of a request | 16 KiB, 100 lines | `ResourceExhausted` |
/// | a reply with its headers | what the NATS server takes (`max_payload`) | `ResourceExhausted`, in the reply's place |
///
/// # Panics of the endpoint
///
/// They are `Internal` to the caller, with the text of the panic as the error's source. A [`CatchPanicLayer`](towerkit_endpoint::CatchPanicLayer) in the
/// stack lets its other layers see that error.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use towerkit_endpoint::{Context, Error, endpoint_fn};
/// use towerkit_transport_nats::{Routes, Server};
///
/// #[derive(Deserialize)]
/// struct Sum {
///     a: i64,
///     b: i64,
/// }
/// #[derive(Serialize)]
/// struct Total {
///     v: i64,
/// }
///
/// let sum = Server::json(endpoint_fn(|sum: Sum| async move { Ok::<_, Error>(Total { v: sum.a + sum.b }) }))
///     .before(|context: &mut Context| match context.metadata().get("x-tenant") {
///         Some(_) => Ok(()),
///         None => Err(Error::invalid("x-tenant", "is missing")),
///     })
///     .on_error(|error, exchange| eprintln!("{exchange}: {error:?}"));
/// let routes = Routes::new().subject("add.sum", sum).queue_group("add");
/// # let _ = routes;
/// ```
pub struct Server<E, D, N, T, M> {
    endpoint: E,
    settings: Arc<Settings<D, N>>,
    // The message that `D` reads, and the mark of how `N` writes: found by inference, never written by a user.
    types: PhantomData<fn(T) -> M>,
}

#[derive(Clone)]
struct Settings<D, N> {
    decode: D,
    encode: N,
    request_limit: usize,
    header_limit: usize,
    before: Vec<Arc<Before>>,
    after: Vec<Arc<After>>,
    finalize: Vec<Arc<Finalize>>,
    on_error: ErrorHandlers,
    error_encoder: Arc<ErrorEncoder>,
    about: EndpointAbout,
    beat: Duration,
}

type Before = dyn Fn(&mut Context) -> Result<(), Error> + Send + Sync;
type After = dyn Fn(&Context, &mut Metadata) + Send + Sync;
type Finalize = dyn Fn(&Summary) + Send + Sync;
type ErrorEncoder = dyn Fn(&Error) -> Reply + Send + Sync;

impl<E, T, M> Server<E, Json, Json, T, M> {
    /// JSON in and JSON out.
    #[must_use]
    pub fn json(endpoint: E) -> Self {
        Self::new(endpoint, Json, Json)
    }
}

impl<E, T, M> Server<E, Json, Items<Json>, T, M> {
    /// JSON in, and a [stream](crate::stream) of JSON out: the endpoint's reply is a `Stream` of `Result`s, such as
    /// [`BoxStream`](towerkit_endpoint::BoxStream). Its [`Tail`](towerkit_endpoint::Tail) is in the context, so that layers see its end.
    #[must_use]
    pub fn json_stream(endpoint: E) -> Self {
        Self::new(endpoint, Json, Items(Json))
    }
}

impl<E, D: Clone, N: Clone, T, M> Server<E, D, N, T, M> {
    /// The most bytes of a request's payload, unless [said otherwise](Self::request_limit): 1 MiB.
    pub const DEFAULT_REQUEST_LIMIT: usize = 1 << 20;

    /// The most bytes of a request's headers, unless [said otherwise](Self::header_limit): 16 KiB.
    pub const DEFAULT_HEADER_LIMIT: usize = 16 << 10;

    /// How often a stream that has nothing to send looks whether its caller is still there, unless [said otherwise](Self::stream_beat): every 15
    /// seconds.
    pub const DEFAULT_STREAM_BEAT: Duration = Duration::from_secs(15);

    /// With a reader and a writer given apart.
    #[must_use]
    pub fn new(endpoint: E, decode: D, encode: N) -> Self {
        let settings = Settings {
            decode,
            encode,
            request_limit: Self::DEFAULT_REQUEST_LIMIT,
            header_limit: Self::DEFAULT_HEADER_LIMIT,
            before: Vec::new(),
            after: Vec::new(),
            finalize: Vec::new(),
            on_error: ErrorHandlers::default(),
            error_encoder: Arc::new(service_error),
            about: EndpointAbout::default(),
            beat: Self::DEFAULT_STREAM_BEAT,
        };
        Self { endpoint, settings: Arc::new(settings), types: PhantomData }
    }

    /// The most bytes of a request's payload. The NATS server has a limit of its own, `max_payload`.
    #[must_use]
    pub fn request_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.request_limit = bytes)
    }

    /// The most bytes of a request's headers, names and values.
    #[must_use]
    pub fn header_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.header_limit = bytes)
    }

    /// Adds a hook that sees the context of the request first, and may refuse it.
    #[must_use]
    pub fn before(self, hook: impl Fn(&mut Context) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.before.push(Arc::new(hook)))
    }

    /// Adds a hook that changes the headers of the reply, whatever became of the request. The context is as it came, before any
    /// layer of the stack. Of a stream these are the headers of its beginning. The first such hook costs a clone of the context a request.
    #[must_use]
    pub fn after(self, hook: impl Fn(&Context, &mut Metadata) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.after.push(Arc::new(hook)))
    }

    /// Adds a hook that runs when all is over: the reply was handed to the connection, or could not be, or the server stopped before.
    ///
    /// It may run in the `Drop` of a future: it must not block, and must not panic.
    #[must_use]
    pub fn finalize(self, hook: impl Fn(&Summary) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.finalize.push(Arc::new(hook)))
    }

    /// Adds a handler of errors, for diagnosis: it sees the whole [`Error`], with its source, and does not change the reply. It is the only
    /// one to hear of the errors of messages that want no reply, and of those that [did not reach the endpoint](Exchange::reached_endpoint), so that no
    /// layer knows of them. [`Serve::on_error`](crate::Serve::on_error) does so for all subjects.
    #[must_use]
    pub fn on_error(self, handler: impl Fn(&Error, &Exchange) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.on_error.push(handler))
    }

    /// Replaces the writer of failed replies. The default is [`service_error`]; [`plain_json`](crate::plain_json) writes for callers that are
    /// Go kit's.
    #[must_use]
    pub fn error_encoder(self, encode: impl Fn(&Error) -> Reply + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.error_encoder = Arc::new(encode))
    }

    /// How often a reply that is a [stream](crate::stream) looks whether its caller is still there, when it has nothing to send or no credit; a
    /// millisecond at least.
    #[must_use]
    pub fn stream_beat(self, every: Duration) -> Self {
        self.set(|settings| settings.beat = every.max(Duration::from_millis(1)))
    }

    /// What the endpoint of a [service](crate::Routes::service) is called. Without a name it is called as its subject, without wildcards and with `_`
    /// for what a name can't have: `orders.*.created` is `orders_created`.
    ///
    /// # Panics
    ///
    /// Where the name is not of letters, digits, `-` and `_` alone: a mistake in the program, found as it starts.
    #[must_use]
    pub fn endpoint_name(self, name: &str) -> Self {
        assert!(is_name(name), "{name:?} is no name of an endpoint: it is of letters, digits, - and _ alone");
        self.set(|settings| name.clone_into(&mut settings.about.name))
    }

    /// What else the endpoint of a [service](crate::Routes::service) says of itself, such as the schema of its messages. It may be called several
    /// times.
    #[must_use]
    pub fn endpoint_metadata(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|settings| drop(settings.about.metadata.insert(name.into(), value.into())))
    }

    pub(crate) fn about(&self) -> &EndpointAbout {
        &self.settings.about
    }

    fn set(mut self, change: impl FnOnce(&mut Settings<D, N>)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<E: Clone, D, N, T, M> Clone for Server<E, D, N, T, M> {
    fn clone(&self) -> Self {
        Self { endpoint: self.endpoint.clone(), settings: self.settings.clone(), types: PhantomData }
    }
}

impl<E, D, N, T, M> fmt::Debug for Server<E, D, N, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("request_limit", &self.settings.request_limit)
            .field("header_limit", &self.settings.header_limit)
            .finish_non_exhaustive()
    }
}
