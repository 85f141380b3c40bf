use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tonic::body::Body;
use towerkit_endpoint::Error;

/// A request's messages, from which a body is made for each time that it is sent.
pub(super) enum Outgoing {
    One(Bytes),
    Many(SentStream),
}

impl Outgoing {
    pub(super) fn body(&self) -> Body {
        match self {
            Self::One(frame) => Body::new(towerkit_transport_http::Body::from(frame.clone())),
            Self::Many(stream) => Body::new(StreamBody(stream.0.clone())),
        }
    }

    /// Whether all of it can be sent once more.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::Many(stream) => stream.lock().is_whole(),
        }
    }

    /// The error with which its stream failed, or else another.
    pub(super) fn failure_or(&self, other: Error) -> Error {
        match self {
            Self::One(_) => other,
            Self::Many(stream) => stream.lock().take_error().unwrap_or(other),
        }
    }
}

/// A stream of messages that is being sent by somebody else. Once this is dropped nobody waits for the reply any more: what is not sent by then is
/// given up, and the stream of HTTP/2 is reset. (It would stay open until the messages came to their end, however long that takes.)
pub(super) struct SentStream(Arc<Mutex<dyn Messages>>);

/// The messages of a stream, in frames.
pub(super) trait Messages: Send {
    fn poll_frame(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, h2::Error>>>;

    /// Whether nothing was taken out of it.
    fn is_whole(&self) -> bool;

    /// The error with which it failed.
    fn take_error(&mut self) -> Option<Error>;

    /// Ends it, unless it has come to its end, and says who waits for more of it.
    fn give_up(&mut self) -> Option<Waker>;
}

impl SentStream {
    pub(super) fn new(messages: impl Messages + 'static) -> Self {
        Self(Arc::new(Mutex::new(messages)))
    }

    fn lock(&self) -> MutexGuard<'_, dyn Messages + 'static> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SentStream {
    fn drop(&mut self) {
        let waker = self.lock().give_up();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct StreamBody(Arc<Mutex<dyn Messages>>);

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_frame(cx).map_ok(Frame::data)
    }
}
