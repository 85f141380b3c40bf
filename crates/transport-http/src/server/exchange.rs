use std::time::Duration;

use http::request::Parts;
use http::{Method, StatusCode, Uri, Version};
use towerkit_endpoint::Code;

/// Which request it was: what error handlers and finalizers are told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The method.
    pub method: Method,
    /// The target, as the request line had it; the query may hold secrets.
    pub uri: Uri,
    /// The version of HTTP.
    pub version: Version,
}

impl Exchange {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self { method: parts.method.clone(), uri: parts.uri.clone(), version: parts.version }
    }
}

/// What became of a request: what a finalizer is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Which request it was.
    pub exchange: Exchange,
    /// The status of the reply; none where the caller went away before there was one.
    pub status: Option<StatusCode>,
    /// The code of the error; none for success, and none where the caller went away before there was a reply.
    pub code: Option<Code>,
    /// The bytes of the reply's body that were handed to the connection.
    pub body_bytes: u64,
    /// From the arrival of the head to the end of the reply.
    pub elapsed: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole reply was handed to the connection.
    Complete,
    /// The reply ended before its time: its body failed, or the caller went away while it was sent.
    Truncated,
    /// The caller went away before there was a reply.
    Cancelled,
}
