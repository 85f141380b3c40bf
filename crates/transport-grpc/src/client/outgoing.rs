use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
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
pub(super) struct SentStream(Arc<Shared<dyn Messages>>);

/// The messages of a stream, in frames.
pub(super) trait Messages: Send {
    fn poll_frame(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, h2::Error>>>;

    /// Whether nothing was taken out of it.
    fn is_whole(&self) -> bool;

    /// The error with which it failed.
    fn take_error(&mut self) -> Option<Error>;
}

struct Shared<M: ?Sized> {
    given_up: AtomicBool,
    /// Who sends it.
    sender: AtomicWaker,
    messages: Mutex<M>,
}

impl SentStream {
    pub(super) fn new(messages: impl Messages + 'static) -> Self {
        let (given_up, sender) = (AtomicBool::new(false), AtomicWaker::new());
        Self(Arc::new(Shared { given_up, sender, messages: Mutex::new(messages) }))
    }

    fn lock(&self) -> MutexGuard<'_, dyn Messages + 'static> {
        self.0.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SentStream {
    fn drop(&mut self) {
        // Without the lock: it may be the stream itself, while it is polled, that lets go of the reply.
        self.0.given_up.store(true, Ordering::SeqCst);
        self.0.sender.wake();
    }
}

struct StreamBody(Arc<Shared<dyn Messages>>);

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        // Before the look: whoever gives it up in between wakes this task.
        self.0.sender.register(cx.waker());
        if self.0.given_up.load(Ordering::SeqCst) {
            return Poll::Ready(Some(Err(h2::Reason::CANCEL.into())));
        }
        let mut messages = self.0.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.poll_frame(cx).map_ok(Frame::data)
    }
}
