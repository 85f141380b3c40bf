use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;
use towerkit_endpoint::{BoxStream, Code, Error};

use crate::convert::Decode;
use crate::status::{Status, error_of};

/// What tonic read, as the endpoint's messages.
pub(super) fn decoded<Q, T, D>(messages: tonic::Streaming<Q>, decode: D) -> BoxStream<T>
where
    Q: Send + 'static,
    T: Send + 'static,
    D: Decode<Q, T>,
{
    Box::pin(Decoded { messages: Some(messages), decode, value: PhantomData })
}

struct Decoded<Q, T, D> {
    /// None after an error, which is the last item.
    messages: Option<tonic::Streaming<Q>>,
    decode: D,
    value: PhantomData<fn() -> T>,
}

// Nothing in it is pinned.
impl<Q, T, D> Unpin for Decoded<Q, T, D> {}

impl<Q, T, D> Decoded<Q, T, D> {
    #[cold]
    fn fail(&mut self, error: Error) -> Error {
        self.messages = None;
        error
    }

    /// What tonic makes of a stream that broke off is no fault of this service.
    #[cold]
    fn unread(&mut self, status: Status) -> Error {
        let error = error_of(status);
        self.fail(match error.code() {
            Code::Unknown | Code::Internal => {
                Error::new(Code::Cancelled, "the request ended before its time").with_source(error)
            }
            _ => error,
        })
    }
}

impl<Q, T, D: Decode<Q, T>> Stream for Decoded<Q, T, D> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(messages) = &mut this.messages else { return Poll::Ready(None) };
        Poll::Ready(ready!(Pin::new(messages).poll_next(cx)).map(|read| match read {
            Ok(message) => this.decode.decode(message).map_err(|error| this.fail(error)),
            Err(status) => Err(this.unread(status)),
        }))
    }
}
