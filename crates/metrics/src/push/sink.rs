use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use towerkit_endpoint::BoxError;

use super::Payload;

/// Carries payloads to a backend.
///
/// Its futures are given up where they take too long ([`Pusher::timeout`](super::Pusher::timeout)); what it holds must bear that.
pub trait Sink: Send + 'static {
    /// Where to, for names and messages: no secret.
    fn target(&self) -> Cow<'_, str>;

    /// Gets ready to send: connects, where it is not connected. It is called before a snapshot is taken, and after an error
    /// nothing is taken: it waits, unharmed, for the next flush. By default there is nothing to do.
    fn ready(&mut self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Ok(()) }
    }

    /// Sends one payload, and says what it knows where that fails.
    fn send(&mut self, payload: &Payload) -> impl Future<Output = Result<(), SendError>> + Send;

    /// How many data points were taken for sent, and turn out to be lost. It is asked before and after a flush. By default none.
    fn lost_late(&mut self) -> u64 {
        0
    }
}

/// Why a payload was not sent, and what became of it.
#[derive(Debug)]
pub struct SendError {
    pub(super) source: BoxError,
    pub(super) fate: Fate,
    pub(super) lost: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Undelivered,
    Refused,
    Unknown,
}

impl SendError {
    /// It is certain that nothing of it arrived, and what follows would not either: this flush ends, and its counters are sent
    /// with the next.
    pub fn undelivered(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), fate: Fate::Undelivered, lost: None }
    }

    /// The backend said no to this one, and would again: it is lost, and the flush goes on with the next.
    pub fn refused(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), fate: Fate::Refused, lost: None }
    }

    /// It may have arrived or not: it is counted as lost, and not sent twice. This flush ends; the counters of payloads that
    /// follow are sent with the next.
    pub fn unknown(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), fate: Fate::Unknown, lost: None }
    }

    /// How many of its data points are lost, where it is known that some are not.
    #[must_use]
    pub const fn lost(mut self, points: u64) -> Self {
        self.lost = Some(points);
        self
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A sink of any type: a box a payload is nothing beside sending it.
pub(super) trait AnySink: Send {
    fn target(&self) -> Cow<'_, str>;
    fn ready(&mut self) -> BoxFuture<'_, Result<(), BoxError>>;
    fn send<'a>(&'a mut self, payload: &'a Payload) -> BoxFuture<'a, Result<(), SendError>>;
    fn lost_late(&mut self) -> u64;
}

impl<S: Sink> AnySink for S {
    fn target(&self) -> Cow<'_, str> {
        Sink::target(self)
    }

    fn ready(&mut self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(Sink::ready(self))
    }

    fn send<'a>(&'a mut self, payload: &'a Payload) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(Sink::send(self, payload))
    }

    fn lost_late(&mut self) -> u64 {
        Sink::lost_late(self)
    }
}
