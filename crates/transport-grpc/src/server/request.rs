use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use towerkit_endpoint::{BoxError, BoxStream, Code, Error};
use towerkit_transport_http::Body;

use crate::codec::Codec;
use crate::compression::Compression;
use crate::convert::Decode;
use crate::frame::{Decoder, FrameError, Messages, MessagesError};

/// Reads a request of one kind into the endpoint's message.
pub(crate) trait ReadRequest<T>: Clone + Send + Sync + 'static {
    fn read(
        &self,
        body: Body,
        limit: usize,
        compression: Option<Compression>,
    ) -> impl Future<Output = Result<T, Error>> + Send;
}

/// A request of one message.
pub(crate) struct ReadOne<Q, C, D> {
    codec: C,
    decode: D,
    message: PhantomData<fn() -> Q>,
}

/// A request that is a stream of messages.
pub(crate) struct ReadMany<Q, C, D>(ReadOne<Q, C, D>);

impl<Q, C, D> ReadOne<Q, C, D> {
    pub(crate) const fn new(codec: C, decode: D) -> Self {
        Self { codec, decode, message: PhantomData }
    }

    fn message<T>(&self, bytes: Bytes) -> Result<T, Error>
    where
        C: Codec<Q>,
        D: Decode<Q, T>,
    {
        let message = self.codec.decode(bytes).map_err(|error| FrameError::Malformed(error).of_request())?;
        self.decode.decode(message)
    }
}

impl<Q, C, D> ReadMany<Q, C, D> {
    pub(crate) const fn new(codec: C, decode: D) -> Self {
        Self(ReadOne::new(codec, decode))
    }
}

impl<Q, T, C, D> ReadRequest<T> for ReadOne<Q, C, D>
where
    Q: Send + 'static,
    T: Send,
    C: Codec<Q>,
    D: Decode<Q, T>,
{
    async fn read(&self, mut body: Body, limit: usize, compression: Option<Compression>) -> Result<T, Error> {
        // The message is held to the limit.
        body.lift_byte_limit();
        let mut messages = Messages::new(body, Decoder::new(limit, compression));
        let mut next = async || std::future::poll_fn(|cx| messages.poll_next(cx)).await.map_err(broken);
        let (Some(message), None) = (next().await?, next().await?) else {
            return Err(Error::new(Code::Unimplemented, "the method takes one message, no less and no more"));
        };
        self.message(message)
    }
}

impl<Q, T, C, D> ReadRequest<BoxStream<T>> for ReadMany<Q, C, D>
where
    Q: Send + 'static,
    T: Send + 'static,
    C: Codec<Q>,
    D: Decode<Q, T>,
{
    async fn read(
        &self,
        mut body: Body,
        limit: usize,
        compression: Option<Compression>,
    ) -> Result<BoxStream<T>, Error> {
        // It may have any number of messages, and be silent between them.
        body.lift_byte_limit();
        body.lift_time_limit();
        let messages = Some(Messages::new(body, Decoder::new(limit, compression)));
        Ok(Box::pin(Requests { messages, reader: self.0.clone(), value: PhantomData }))
    }
}

// Nothing in it is pinned.
impl<Q, T, C, D> Unpin for Requests<Q, T, C, D> {}

struct Requests<Q, T, C, D> {
    /// None after an error, which is the last item.
    messages: Option<Messages>,
    reader: ReadOne<Q, C, D>,
    value: PhantomData<fn() -> T>,
}

impl<Q, T, C, D> Stream for Requests<Q, T, C, D>
where
    C: Codec<Q>,
    D: Decode<Q, T>,
{
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(messages) = &mut this.messages else { return Poll::Ready(None) };
        let item = match ready!(messages.poll_next(cx)) {
            Ok(Some(bytes)) => Some(this.reader.message(bytes)),
            Ok(None) => None,
            Err(error) => Some(Err(broken(error))),
        };
        if !matches!(item, Some(Ok(_))) {
            this.messages = None;
        }
        Poll::Ready(item)
    }
}

fn broken(error: MessagesError) -> Error {
    match error {
        MessagesError::Frame(error) => error.of_request(),
        MessagesError::Body(error) => cancelled(error),
    }
}

/// The peer reset the stream, or the connection broke: there is nobody left to be told. A limit of the server's keeps its code.
fn cancelled(error: BoxError) -> Error {
    match Code::of(&*error) {
        Code::DeadlineExceeded | Code::ResourceExhausted => error.into(),
        _ => Error::new(Code::Cancelled, "the request ended before its time").with_source(error),
    }
}

impl<Q, C: Clone, D: Clone> Clone for ReadOne<Q, C, D> {
    fn clone(&self) -> Self {
        Self::new(self.codec.clone(), self.decode.clone())
    }
}

impl<Q, C: Clone, D: Clone> Clone for ReadMany<Q, C, D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
