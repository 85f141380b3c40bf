use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderValue;
use towerkit_endpoint::Error;

use super::outgoing::{Messages, Outgoing, SentStream};
use crate::codec::Codec;
use crate::convert::{Convert, Encode};
use crate::frame::{BATCH, Encoder};
use crate::wire;

/// Writes a request of one kind.
pub(super) trait WriteRequest<T>: Clone + Send + Sync + 'static {
    type Codec: Clone;

    fn codec(&self) -> Self::Codec;

    fn content_type(&self) -> HeaderValue;

    fn write(&self, message: T, encoder: Encoder<Self::Codec>) -> Result<Outgoing, Error>;
}

/// A part of the type of a [`Client`](crate::Client) that converts, and can be given another way to.
pub trait Converts {
    /// The same, with another conversion.
    type With<X>;

    /// Gives it one.
    fn with<X>(self, convert: X) -> Self::With<X>;
}

/// A part of the type of a [`Client`](crate::Client): its request is one message.
pub struct OneRequest<Q, C, N = Convert> {
    codec: C,
    encode: N,
    message: PhantomData<fn(Q)>,
}

/// A part of the type of a [`Client`](crate::Client): its request is a stream of messages.
pub struct ManyRequests<Q, C, N = Convert>(OneRequest<Q, C, N>);

impl<Q, C, N> OneRequest<Q, C, N> {
    pub(crate) const fn new(codec: C, encode: N) -> Self {
        Self { codec, encode, message: PhantomData }
    }
}

impl<Q, C, N> ManyRequests<Q, C, N> {
    pub(crate) const fn new(codec: C, encode: N) -> Self {
        Self(OneRequest::new(codec, encode))
    }
}

impl<Q, C, N> Converts for OneRequest<Q, C, N> {
    type With<X> = OneRequest<Q, C, X>;

    fn with<X>(self, encode: X) -> OneRequest<Q, C, X> {
        OneRequest::new(self.codec, encode)
    }
}

impl<Q, C, N> Converts for ManyRequests<Q, C, N> {
    type With<X> = ManyRequests<Q, C, X>;

    fn with<X>(self, encode: X) -> ManyRequests<Q, C, X> {
        ManyRequests(self.0.with(encode))
    }
}

impl<T, Q, C, N> WriteRequest<T> for OneRequest<Q, C, N>
where
    Q: 'static,
    C: Codec<Q>,
    N: Encode<T, Q>,
{
    type Codec = C;

    fn codec(&self) -> C {
        self.codec.clone()
    }

    fn content_type(&self) -> HeaderValue {
        wire::content_type(C::SUBTYPE)
    }

    fn write(&self, message: T, encoder: Encoder<C>) -> Result<Outgoing, Error> {
        Ok(Outgoing::One(encoder.frame(self.encode.encode(message)?.reply())?))
    }
}

impl<S, T, E, Q, C, N> WriteRequest<S> for ManyRequests<Q, C, N>
where
    S: Stream<Item = Result<T, E>> + Send + 'static,
    T: 'static,
    E: Into<Error> + 'static,
    Q: 'static,
    C: Codec<Q>,
    N: Encode<T, Q>,
{
    type Codec = C;

    fn codec(&self) -> C {
        self.0.codec.clone()
    }

    fn content_type(&self) -> HeaderValue {
        wire::content_type(C::SUBTYPE)
    }

    fn write(&self, stream: S, encoder: Encoder<C>) -> Result<Outgoing, Error> {
        Ok(Outgoing::Many(SentStream::new(Streaming {
            stream: Box::pin(stream),
            encode: self.0.encode.clone(),
            encoder,
            batch: BytesMut::new(),
            begun: false,
            end: None,
            message: PhantomData,
        })))
    }
}

struct Streaming<S, Q, C, N> {
    stream: Pin<Box<S>>,
    encode: N,
    encoder: Encoder<C>,
    batch: BytesMut,
    begun: bool,
    end: Option<End>,
    message: PhantomData<fn(Q)>,
}

/// How the stream of a request ended.
enum End {
    Well,
    /// With an error, until that is told.
    Failed(Option<Error>),
}

impl<S, T, E, Q, C, N> Streaming<S, Q, C, N>
where
    S: Stream<Item = Result<T, E>>,
    E: Into<Error>,
    C: Codec<Q>,
    N: Encode<T, Q>,
{
    fn append(&mut self, item: Result<T, E>) -> Result<(), Error> {
        let message = self.encode.encode(item.map_err(Into::into)?)?;
        self.encoder.append(message.reply(), &mut self.batch)
    }
}

impl<S, T, E, Q, C, N> Messages for Streaming<S, Q, C, N>
where
    S: Stream<Item = Result<T, E>> + Send,
    E: Into<Error>,
    C: Codec<Q>,
    N: Encode<T, Q>,
{
    fn poll_frame(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, h2::Error>>> {
        self.begun = true;
        while self.end.is_none() && self.batch.len() < BATCH {
            match self.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => self.end = self.append(item).err().map(|error| End::Failed(Some(error))),
                Poll::Ready(None) => self.end = Some(End::Well),
                Poll::Pending if self.batch.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        match self.end {
            // The call is given up, and what was not sent yet with it.
            Some(End::Failed(_)) => Poll::Ready(Some(Err(h2::Reason::CANCEL.into()))),
            _ => Poll::Ready((!self.batch.is_empty()).then(|| Ok(self.batch.split().freeze()))),
        }
    }

    fn is_whole(&self) -> bool {
        !self.begun
    }

    fn take_error(&mut self) -> Option<Error> {
        match &mut self.end {
            Some(End::Failed(error)) => error.take(),
            _ => None,
        }
    }
}

impl<Q, C: Clone, N: Clone> Clone for OneRequest<Q, C, N> {
    fn clone(&self) -> Self {
        Self::new(self.codec.clone(), self.encode.clone())
    }
}

impl<Q, C: Clone, N: Clone> Clone for ManyRequests<Q, C, N> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P, C, D> fmt::Debug for OneRequest<P, C, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneRequest")
    }
}

impl<P, C, D> fmt::Debug for ManyRequests<P, C, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManyRequests")
    }
}
