mod finalizer;
mod inbox;
mod remote;
mod service;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Subject;
use bytes::Bytes;
use towerkit_endpoint::{Context, Error, Metadata, Via};

pub use finalizer::CallSummary;
pub(crate) use inbox::is_no_responders;
pub use remote::{Operation, Remote};
pub use service::ClientFuture;
pub(crate) use service::{closed, too_long, unsent};

/// An endpoint that calls one subject by request and reply.
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
/// *before* changes the headers of the request, and may refuse. *after* sees the headers of every reply, also of a failed one.
/// *finalize* always runs, also when the call is given up. Hooks of a kind run in the order they were given.
///
/// # What goes out
///
/// The metadata of the request's [`Context`] as headers, their names in lower case (those that begin with `nats-` as NATS writes them,
/// `Nats-Msg-Id`), and `towerkit-timeout`, the time that is left. A call made while serving a request starts from
/// [`Context::outgoing`](towerkit_endpoint::Context::outgoing), so that nothing goes out by accident.
///
/// # Time
///
/// The deadline of the context and [`timeout`](Self::timeout) bound the whole call; the earlier one counts, from `call` on. When it has passed nothing is
/// sent. Dropping the future gives the call up, of which NATS tells the service nothing: it goes on until the deadline that it was sent.
///
/// # Failures
///
/// | what happened | code | beside it |
/// | --- | --- | --- |
/// | a reply with `Nats-Service-Error` or its code | see [`reply_error`](crate::reply_error) | the [number](crate::ServiceErrorCode), `retry-after`, `www-authenticate` |
/// | nobody serves the subject, as the NATS server says at once | `Unavailable` | [`NotSent`](towerkit_endpoint::NotSent) |
/// | there is no connection just now | `Unavailable` | [`NotSent`](towerkit_endpoint::NotSent) |
/// | the connection was lost meanwhile | `Unavailable` | |
/// | the client is [closed](Remote::is_closed): no call goes through any more, so it is not marked as one to try again | `Unavailable` | |
/// | the time is over | `DeadlineExceeded` | [`NotSent`](towerkit_endpoint::NotSent) where it was over before |
/// | the request is larger than NATS carries (`max_payload`) | `ResourceExhausted`, with both sizes | [`NotSent`](towerkit_endpoint::NotSent) |
/// | the reply is longer than [`reply_limit`](Self::reply_limit), its headers than [`header_limit`](Self::header_limit), or these are more than 100 | `ResourceExhausted` | |
/// | a good reply that can't be read | `Internal` | |
/// | a subject or a header that can't be | `InvalidArgument` | [`NotSent`](towerkit_endpoint::NotSent) |
///
/// That the connection was lost is seen a quarter of a second after async-nats has seen it. One that was closed it sees at once; one that has fallen silent when
/// the NATS server has left more than two pings unanswered, one each
/// [`ping_interval`](async_nats::ConnectOptions::ping_interval), a minute by default.
///
/// What an error's message says may reach the caller's caller; what really broke is the
/// [`source`](std::error::Error::source).
///
/// # Readiness and clones
///
/// It is always ready. Clones share the settings and the connection. A call allocates its future and its payload, and headers where there are any.
pub struct Client<N, D, T, R, M> {
    remote: Remote,
    settings: Arc<Settings<N, D, T>>,
    types: PhantomData<Types<T, R, M>>,
}

// What it reads and the mark of how: found by inference, never written by a user.
type Types<T, R, M> = fn(T) -> (R, M);

struct Settings<N, D, T> {
    target: Target<T>,
    encode: N,
    decode: D,
    timeout: Duration,
    reply_limit: usize,
    header_limit: usize,
    waits: bool,
    window: u32,
    silence: Duration,
    before: Vec<Arc<Before>>,
    after: Vec<Arc<After>>,
    finalize: Vec<Arc<Finalize>>,
    error_decoder: Arc<ErrorDecoder>,
}

/// Where a message goes.
enum Target<T> {
    Subject(Subject),
    By(Arc<SubjectBy<T>>),
}

type SubjectBy<T> = dyn Fn(&T) -> String + Send + Sync;
type Before = dyn Fn(&Context, &mut Metadata) -> Result<(), Error> + Send + Sync;
type After = dyn Fn(&Metadata) + Send + Sync;
type Finalize = dyn Fn(&CallSummary) + Send + Sync;
pub(crate) type ErrorDecoder = dyn Fn(&Metadata, &Bytes) -> Option<Error> + Send + Sync;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_REPLY_LIMIT: usize = 4 << 20;
const DEFAULT_HEADER_LIMIT: usize = 64 << 10;
const DEFAULT_WINDOW: u32 = 128;
const DEFAULT_SILENCE: Duration = Duration::from_secs(30);

impl<N: Clone, D: Clone, T, R, M> Client<N, D, T, R, M> {
    /// The most time a call takes, unless [said otherwise](Self::timeout): 30 seconds.
    pub const DEFAULT_TIMEOUT: Duration = DEFAULT_TIMEOUT;

    /// The most bytes of a reply's payload, unless [said otherwise](Self::reply_limit): 4 MiB.
    pub const DEFAULT_REPLY_LIMIT: usize = DEFAULT_REPLY_LIMIT;

    /// The most bytes of a reply's headers, unless [said otherwise](Self::header_limit): 64 KiB.
    pub const DEFAULT_HEADER_LIMIT: usize = DEFAULT_HEADER_LIMIT;

    /// How many items of a stream may be on their way or wait to be read, unless [said otherwise](Self::stream_window): 128.
    pub const DEFAULT_STREAM_WINDOW: u32 = DEFAULT_WINDOW;

    /// How long nothing may be heard of a stream's service, unless [said otherwise](Self::stream_silence): 30 seconds.
    pub const DEFAULT_STREAM_SILENCE: Duration = DEFAULT_SILENCE;

    /// How its calls go: what a span of a call says of it. None where the message [decides](Remote::subject_by) on the subject.
    #[must_use]
    pub fn via(&self) -> Option<Via> {
        match &self.settings.target {
            Target::Subject(subject) => Some(Via::nats(subject)),
            Target::By(_) => None,
        }
    }

    /// The most time a call takes, whatever the caller's deadline. One too long for the clock is none: [`Duration::MAX`] leaves the caller's deadline
    /// alone. Where the reply is a [stream](crate::stream) it bounds the time to its beginning, and the caller's deadline the whole.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.set(|settings| settings.timeout = limit)
    }

    /// The most bytes of a reply's payload, also of a failed one; of a [stream](crate::stream) those of each item. The NATS server has a limit of its own,
    /// `max_payload`, 1 MiB by default: async-nats has read the message whole by then.
    #[must_use]
    pub fn reply_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.reply_limit = bytes)
    }

    /// The most bytes of a reply's headers, names and values; of a [stream](crate::stream) those of each message.
    #[must_use]
    pub fn header_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.header_limit = bytes)
    }

    /// How many items of a reply that is a [stream](crate::stream) may be on their way or wait to be read; one at least. It must be less than
    /// the [capacity of a subscription](async_nats::ConnectOptions::subscription_capacity). A reader far away needs as many as come while a message goes there
    /// and back.
    #[must_use]
    pub fn stream_window(self, items: u32) -> Self {
        self.set(|settings| settings.window = items.max(1))
    }

    /// How long a reader waits for a [stream](crate::stream) of which nothing is heard, neither an item nor that the service is still there: then it
    /// fails with `Unavailable`. A second more may pass, and ten milliseconds is the least.
    #[must_use]
    pub fn stream_silence(self, time: Duration) -> Self {
        self.set(|settings| settings.silence = time.max(Duration::from_millis(10)))
    }

    /// Whether a call without a connection waits for it, for as long as it has time. By default it fails at once, and is
    /// marked [`NotSent`](towerkit_endpoint::NotSent), so that a retry may choose when to try again, and where.
    ///
    /// Calls that wait are kept by the client, 2048 of them at most (and then in their own futures), and are sent when there is a connection: one that was given
    /// up meanwhile too.
    #[must_use]
    pub fn wait_for_connection(self, waits: bool) -> Self {
        self.set(|settings| settings.waits = waits)
    }

    /// Adds a hook that sees the headers of the request last, and may change them or refuse the call. The context's metadata stand in
    /// the headers already, and no longer in the context.
    #[must_use]
    pub fn before(self, hook: impl Fn(&Context, &mut Metadata) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.before.push(Arc::new(hook)))
    }

    /// Adds a hook that sees the headers of every reply.
    #[must_use]
    pub fn after(self, hook: impl Fn(&Metadata) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.after.push(Arc::new(hook)))
    }

    /// Adds a hook that runs when all is over, once for each call.
    ///
    /// It may run in the `Drop` of a future: it must not block, and must not panic.
    #[must_use]
    pub fn finalize(self, hook: impl Fn(&CallSummary) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.finalize.push(Arc::new(hook)))
    }

    /// Replaces the reader of failed replies, [`reply_error`](crate::reply_error): it has the error that a reply stands for, and none of a good one. A service
    /// of Go kit's writes its errors into the payload:
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use towerkit_endpoint::{Code, Error, Metadata};
    /// #[derive(serde::Deserialize)]
    /// struct Failed {
    ///     err: String,
    /// }
    ///
    /// fn kit_error(_: &Metadata, payload: &Bytes) -> Option<Error> {
    ///     let failed: Failed = serde_json::from_slice(payload).ok()?;
    ///     (!failed.err.is_empty()).then(|| Error::new(Code::Unknown, failed.err))
    /// }
    /// # assert!(kit_error(&Metadata::new(), &Bytes::from_static(b"{\"err\":\"\"}")).is_none());
    /// ```
    #[must_use]
    pub fn error_decoder(self, decode: impl Fn(&Metadata, &Bytes) -> Option<Error> + Send + Sync + 'static) -> Self {
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
            target: self.target.clone(),
            encode: self.encode.clone(),
            decode: self.decode.clone(),
            timeout: self.timeout,
            reply_limit: self.reply_limit,
            header_limit: self.header_limit,
            waits: self.waits,
            window: self.window,
            silence: self.silence,
            before: self.before.clone(),
            after: self.after.clone(),
            finalize: self.finalize.clone(),
            error_decoder: self.error_decoder.clone(),
        }
    }
}

impl<T> Clone for Target<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Subject(subject) => Self::Subject(subject.clone()),
            Self::By(make) => Self::By(make.clone()),
        }
    }
}

impl<T> fmt::Debug for Target<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(subject) => subject.as_str().fmt(f),
            Self::By(_) => f.write_str("of the message"),
        }
    }
}

impl<N, D, T, R, M> Clone for Client<N, D, T, R, M> {
    fn clone(&self) -> Self {
        Self { remote: self.remote.clone(), settings: self.settings.clone(), types: PhantomData }
    }
}

impl<N, D, T, R, M> fmt::Debug for Client<N, D, T, R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("subject", &self.settings.target)
            .field("timeout", &self.settings.timeout)
            .finish_non_exhaustive()
    }
}
