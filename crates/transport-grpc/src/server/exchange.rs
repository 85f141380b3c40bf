use std::net::SocketAddr;
use std::time::Duration;

use towerkit_endpoint::Code;

/// Which call it was: what error handlers and finalizers are told.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The path of the method; none in a generated service, which does not tell it.
    pub path: Option<&'static str>,
    /// Where the call came from.
    pub peer: Option<SocketAddr>,
}

/// What became of a call: what a finalizer is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Which call it was.
    pub exchange: Exchange,
    /// The code of the error; none for success, and none where the caller went away.
    pub code: Option<Code>,
    /// How many messages the reply had, up to its end.
    pub messages: u64,
    /// From the arrival of the head to the end of the reply.
    pub elapsed: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole reply, or its status, was handed over.
    Complete,
    /// The caller went away while the stream of the reply was open.
    Truncated,
    /// The caller went away before there was a reply.
    Cancelled,
}
