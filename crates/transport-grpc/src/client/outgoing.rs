use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tonic::body::Body;
use towerkit_endpoint::Error;

/// A request's messages, from which a body is made for each time that it is sent.
pub(super) enum Outgoing {
    One(Bytes),
    Many(Arc<Mutex<dyn Messages>>),
}

/// A stream of messages that is being sent.
pub(super) trait Messages: Send {
    fn poll_frame(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, h2::Error>>>;

    /// Whether nothing was taken out of it.
    fn is_whole(&self) -> bool;

    /// The error with which it failed.
    fn take_error(&mut self) -> Option<Error>;
}

impl Outgoing {
    pub(super) fn body(&self) -> Body {
        match self {
            Self::One(frame) => Body::new(towerkit_transport_http::Body::from(frame.clone())),
            Self::Many(messages) => Body::new(Sent(messages.clone())),
        }
    }

    /// Whether all of it can be sent once more.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::Many(messages) => locked(messages).is_whole(),
        }
    }

    pub(super) fn failure(self) -> RequestFailure {
        RequestFailure(match self {
            Self::One(_) => None,
            Self::Many(messages) => Some(messages),
        })
    }
}

fn locked<'a>(messages: &'a Arc<Mutex<dyn Messages>>) -> MutexGuard<'a, dyn Messages + 'static> {
    messages.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error with which the stream of a request failed, if it did.
pub(super) struct RequestFailure(Option<Arc<Mutex<dyn Messages>>>);

impl RequestFailure {
    /// Where the call failed for it, it is what the caller is to hear.
    pub(super) fn or(&self, other: Error) -> Error {
        self.0.as_ref().and_then(|messages| locked(messages).take_error()).unwrap_or(other)
    }
}

struct Sent(Arc<Mutex<dyn Messages>>);

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        locked(&self.0).poll_frame(cx).map_ok(Frame::data)
    }
}
