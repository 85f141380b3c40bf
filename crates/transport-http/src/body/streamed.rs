use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;

pin_project! {
    /// A stream of bytes as a body.
    pub(super) struct Streamed<S> {
        #[pin]
        pub(super) stream: S,
    }
}

impl<S, E> HttpBody for Streamed<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    type Data = Bytes;
    type Error = E;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        self.project().stream.poll_next(cx).map(|next| next.map(|result| result.map(Frame::data)))
    }
}
