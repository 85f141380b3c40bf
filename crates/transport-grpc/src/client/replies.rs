use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use tokio::time::Instant;
use towerkit_endpoint::{Code, Ending, Error};

use super::failure::unless_late;
use super::reply::{Incoming, OneReply};
use crate::codec::Codec;
use crate::convert::Decode;
use crate::until::Until;

/// The messages of a reply that is a stream. It ends at its deadline, and its tail and the finalizer are told how; an error is its last
/// item. Dropped before, it cancels the call.
pub(super) struct Replies<P, C, D, R> {
    /// None once it has ended, so that its stream of HTTP/2 is over as well.
    reply: Option<Incoming>,
    reader: OneReply<P, C, D>,
    timer: Until,
    value: PhantomData<fn() -> R>,
}

// Nothing in it is pinned.
impl<P, C, D, R> Unpin for Replies<P, C, D, R> {}

impl<P, C, D, R> Replies<P, C, D, R> {
    pub(super) fn new(reply: Incoming, reader: OneReply<P, C, D>) -> Self {
        Self { reply: Some(reply), reader, timer: Until::default(), value: PhantomData }
    }

    fn end(&mut self, result: Result<(), Error>) -> Option<Result<R, Error>> {
        let ending = Ending::of(&result);
        if let Some(mut reply) = self.reply.take() {
            reply.tail.end(ending);
            if let Some(finalizer) = &mut reply.finalizer {
                finalizer.end(ending);
            }
        }
        result.err().map(Err)
    }
}

impl<P, C, D, R> Stream for Replies<P, C, D, R>
where
    C: Codec<P>,
    D: Decode<P, R>,
{
    type Item = Result<R, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(reply) = &mut this.reply else { return Poll::Ready(None) };
        // The layers of the stack set theirs when they see that the call went well: after this was made.
        let deadline = [reply.deadline, reply.tail.deadline()].into_iter().flatten().min();
        let result = match reply.messages.poll_next(cx) {
            Poll::Ready(Ok(Some(bytes))) => match this.reader.value(bytes) {
                // What waits to be read must not be read for ever.
                Ok(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                    Err(Code::DeadlineExceeded.into())
                }
                Ok(value) => {
                    if let Some(finalizer) = &mut reply.finalizer {
                        finalizer.message();
                    }
                    return Poll::Ready(Some(Ok(value)));
                }
                Err(error) => Err(error),
            },
            Poll::Ready(Ok(None)) => reply.end().map(|_| ()),
            Poll::Ready(Err(error)) => Err(unless_late(deadline, reply.broken(error))),
            Poll::Pending if this.timer.poll(deadline, cx).is_ready() => Err(Code::DeadlineExceeded.into()),
            Poll::Pending => return Poll::Pending,
        };
        Poll::Ready(this.end(result))
    }
}
