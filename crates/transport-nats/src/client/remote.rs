use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_nats::Subject;

use super::inbox::Inbox;
use super::{Client, Settings, Target};
use crate::closed::is_closed;
use crate::codec::{Empty, Items, Json, Raw};
use crate::reply_error;
use crate::routes::Pattern;

/// Services that are reached over a connection to NATS. It makes a [`Client`] for each subject.
///
/// Clones share the connection, and the subscription that replies come in by: it is made at the first call, and has a task of its own.
///
/// ```no_run
/// use serde::{Deserialize, Serialize};
/// use towerkit_endpoint::{BoxEndpoint, Endpoint};
/// use towerkit_transport_nats::Remote;
///
/// #[derive(Serialize)]
/// struct Sum {
///     a: i64,
///     b: i64,
/// }
/// #[derive(Deserialize)]
/// struct Total {
///     v: i64,
/// }
///
/// # async fn run() -> Result<(), towerkit_endpoint::BoxError> {
/// let remote = Remote::new(async_nats::connect("nats://127.0.0.1:4222").await?);
/// let sum: BoxEndpoint<Sum, Total> = remote.subject("add.sum").json().erased();
/// assert_eq!(sum.invoke(Sum { a: 1, b: 2 }).await?.v, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Remote {
    pub(super) client: async_nats::Client,
    pub(super) inbox: Arc<Inbox>,
}

impl Remote {
    /// Over a connection.
    #[must_use]
    pub fn new(client: async_nats::Client) -> Self {
        Self { inbox: Inbox::new(&client), client }
    }

    /// The connection.
    #[must_use]
    pub const fn connection(&self) -> &async_nats::Client {
        &self.client
    }

    /// Whether the client has ended for good, so that no call will ever go through: it was drained, has tried to connect as often as it may
    /// (`max_reconnects`), or its task has panicked ([how](crate#what-a-caller-gets-wrong)). A program can only make a new client then, or end; so this
    /// belongs into a check of readiness or of liveness. While the connection is lost and made anew it is false.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        is_closed(&self.client)
    }

    /// The operation at a subject.
    ///
    /// # Panics
    ///
    /// Where the subject is malformed, or has wildcards: a mistake in the program, found as it starts.
    #[must_use]
    #[expect(clippy::panic, reason = "subjects are written by the programmer and read at start")]
    pub fn subject<T>(&self, subject: &str) -> Operation<T> {
        match Pattern::parse(subject) {
            Ok(pattern) if !pattern.has_wildcards() => self.operation(Target::Subject(Subject::from(subject))),
            Ok(_) => {
                panic!("{subject:?} is no subject to call: it has wildcards; `subject_by` makes one of the message")
            }
            Err(reason) => panic!("{subject:?} is no subject: {reason}"),
        }
    }

    /// The operation at a subject that the message decides: where the service has a wildcard. One that is malformed is refused with
    /// `InvalidArgument`, so a value in it should be checked, or have no dots.
    ///
    /// ```no_run
    /// # use towerkit_endpoint::{BoxEndpoint, Endpoint};
    /// # fn created(remote: &towerkit_transport_nats::Remote) -> BoxEndpoint<u64, String> {
    /// remote.subject_by(|order: &u64| format!("orders.{order}.created")).json().erased()
    /// # }
    /// ```
    #[must_use]
    pub fn subject_by<T>(&self, subject: impl Fn(&T) -> String + Send + Sync + 'static) -> Operation<T> {
        self.operation(Target::By(Arc::new(subject)))
    }

    fn operation<T>(&self, target: Target<T>) -> Operation<T> {
        Operation { remote: self.clone(), target }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("state", &self.client.connection_state()).finish_non_exhaustive()
    }
}

/// A subject of a [`Remote`] whose codecs are not chosen yet. Choosing them gives the [`Client`].
pub struct Operation<T> {
    remote: Remote,
    target: Target<T>,
}

impl<T> Operation<T> {
    /// JSON out and JSON in.
    #[must_use]
    pub fn json<R, M>(self) -> Client<Json, Json, T, R, M> {
        self.codecs(Json, Json)
    }

    /// JSON out, and a [stream](crate::stream) of JSON in: the reply is a [`BoxStream`](towerkit_endpoint::BoxStream).
    ///
    /// ```no_run
    /// # use towerkit_endpoint::{BoxEndpoint, BoxStream, Endpoint};
    /// # fn count(remote: &towerkit_transport_nats::Remote) -> BoxEndpoint<u32, BoxStream<u32>> {
    /// remote.subject("count").json_stream().erased()
    /// # }
    /// ```
    #[must_use]
    pub fn json_stream<R, M>(self) -> Client<Json, Items<Json>, T, R, M> {
        self.codecs(Json, Items(Json))
    }

    /// Bytes out and bytes in.
    #[must_use]
    pub fn raw<R, M>(self) -> Client<Raw, Raw, T, R, M> {
        self.codecs(Raw, Raw)
    }

    /// Nothing out and nothing in: the reply says that it was done.
    #[must_use]
    pub fn empty<R, M>(self) -> Client<Empty, Empty, T, R, M> {
        self.codecs(Empty, Empty)
    }

    /// A writer and a reader given apart.
    #[must_use]
    pub fn codecs<N, D, R, M>(self, encode: N, decode: D) -> Client<N, D, T, R, M> {
        let settings = Settings {
            target: self.target,
            encode,
            decode,
            timeout: super::DEFAULT_TIMEOUT,
            reply_limit: super::DEFAULT_REPLY_LIMIT,
            header_limit: super::DEFAULT_HEADER_LIMIT,
            waits: false,
            window: super::DEFAULT_WINDOW,
            silence: super::DEFAULT_SILENCE,
            before: Vec::new(),
            after: Vec::new(),
            finalize: Vec::new(),
            error_decoder: Arc::new(reply_error),
        };
        Client { remote: self.remote, settings: Arc::new(settings), types: PhantomData }
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("subject", &self.target).finish_non_exhaustive()
    }
}
