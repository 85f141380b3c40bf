use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use towerkit_endpoint::{BoxError, Code, Ending, Error, Tail};

use super::Body;

/// The body of a reply that is a stream: it tells the tail how it ended, and is cut off at its deadline.
pub(crate) struct Tailed {
    body: Body,
    tail: Tail,
    /// Another than that of the tail; the earlier one counts.
    deadline: Option<Instant>,
    // Set at the first wait: what is there at once never needs a timer.
    timer: Option<Pin<Box<Sleep>>>,
    /// What it means where the body breaks off by itself.
    broken: Code,
    on_error: Option<Box<OnError>>,
    failed: Option<Failed>,
}

/// An error has ended the stream.
enum Failed {
    /// It is still to be handed over.
    With(BoxError),
    Told,
}

type OnError = dyn Fn(&Error) + Send;

impl Tailed {
    pub(crate) fn new(body: Body, tail: Tail, deadline: Option<Instant>, broken: Code) -> Self {
        Self { body, tail, deadline, timer: None, broken, on_error: None, failed: None }
    }

    /// Told of an error, before the tail is.
    pub(crate) fn on_error(mut self, tell: impl Fn(&Error) + Send + 'static) -> Self {
        self.on_error = Some(Box::new(tell));
        self
    }

    fn fail(&mut self, error: BoxError, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let error = match error.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(foreign) => Error::from(self.broken).with_source(foreign),
        };
        // Whatever makes the stream is not to go on.
        self.body = Body::empty();
        if let Some(tell) = &self.on_error {
            tell(&error);
        }
        self.tail.end(Ending::Failed(error.code()));
        // hyper throws away what it has not written when a body fails. A pause lets it write what was good.
        self.failed = Some(Failed::With(error.into()));
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The layers of a client's stack set theirs when they see that the call went well: after this was made.
    fn deadline(&self) -> Option<Instant> {
        [self.deadline, self.tail.deadline()].into_iter().flatten().min()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

impl HttpBody for Tailed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        match this.failed.replace(Failed::Told) {
            Some(Failed::With(error)) => return Poll::Ready(Some(Err(error))),
            Some(Failed::Told) => return Poll::Ready(None),
            None => this.failed = None,
        }
        // A stream that is always ready must be cut off as well.
        let deadline = this.deadline();
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return this.fail(Error::from(Code::DeadlineExceeded).into(), cx);
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Err(error))) => this.fail(error, cx),
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(None) => {
                this.tail.end(Ending::Complete);
                Poll::Ready(None)
            }
            Poll::Pending => match this.poll_deadline(cx, deadline) {
                Poll::Ready(()) => this.fail(Error::from(Code::DeadlineExceeded).into(), cx),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failed.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Tailed {
    fn drop(&mut self) {
        // A body that says it is at its end is not polled again. Where an end was told already this says nothing.
        self.tail.end(if self.body.is_end_stream() { Ending::Complete } else { Ending::Cancelled });
    }
}
