use std::sync::Arc;
use std::time::Duration;

use towerkit_endpoint::Code;

/// Which request it was: what error handlers and finalizers are told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The subject it was sent to.
    pub subject: Arc<str>,
    /// Whether the caller wants a reply: whether the message has a subject to reply to.
    pub wants_reply: bool,
}

/// What became of a request: what a finalizer is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Which request it was.
    pub exchange: Exchange,
    /// The code of the error; none for success, and none where it was cut off before there was a reply.
    pub code: Option<Code>,
    /// The bytes of the reply's payload; of a stream those of all items.
    pub payload_bytes: u64,
    /// From when the message was read out of the subscription to the end of the reply, of a stream to its last item.
    pub elapsed: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The reply was handed to the connection; or none was wanted.
    Complete,
    /// There was a reply, and it could not be handed to the connection.
    Lost,
    /// It was cut off before there was a reply: the server has stopped. Or the reply was a stream, which its caller has left.
    Cancelled,
}
