use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderValue;
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;
use tonic::body::Body;
use towerkit_endpoint::Error;

use crate::convert::Encode;
use crate::frame::Encoder;
use crate::{Codec, wire};

/// Messages of a stream go together until they have so many bytes.
const BATCH: usize = 16 << 10;

/// Writes a request of one kind.
pub(crate) trait WriteRequest<T>: Clone + Send + Sync + 'static {
    type Codec: Clone;

    fn codec(&self) -> Self::Codec;

    fn content_type(&self) -> HeaderValue;

    fn write(&self, message: T, encoder: Encoder<Self::Codec>) -> Result<(Body, RequestFailure), Error>;
}

/// A part of the type of a [`Client`](crate::Client) that converts, and can be given another way to.
pub trait Converts {
    /// The same, with another conversion.
    type With<X>;

    /// Gives it one.
    fn with<X>(self, convert: X) -> Self::With<X>;
}

/// The error with which the stream of a request failed, if it did.
#[derive(Clone, Default)]
pub(crate) struct RequestFailure(Option<Arc<Mutex<Option<Error>>>>);

impl RequestFailure {
    /// Where the call failed for it, it is what the caller is to hear.
    pub(super) fn or(&self, other: Error) -> Error {
        self.0.as_ref().and_then(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner).take()).unwrap_or(other)
    }
}

/// A part of the type of a [`Client`](crate::Client): its request is one message.
pub struct OneRequest<Q, C, N> {
    codec: C,
    encode: N,
    message: PhantomData<fn(Q)>,
}

/// A part of the type of a [`Client`](crate::Client): its request is a stream of messages.
pub struct ManyRequests<Q, C, N>(OneRequest<Q, C, N>);

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

    fn write(&self, message: T, encoder: Encoder<C>) -> Result<(Body, RequestFailure), Error> {
        let frame = encoder.frame(self.encode.encode(message)?.reply())?;
        Ok((Body::new(towerkit_transport_http::Body::from(frame)), RequestFailure::default()))
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

    fn write(&self, stream: S, encoder: Encoder<C>) -> Result<(Body, RequestFailure), Error> {
        let slot = Arc::new(Mutex::new(None));
        let failure = RequestFailure(Some(slot.clone()));
        let body = Streaming {
            stream,
            encode: self.0.encode.clone(),
            encoder,
            batch: BytesMut::new(),
            end: None,
            slot,
            message: PhantomData,
        };
        Ok((Body::new(body), failure))
    }
}

/// How the stream of a request ended.
#[derive(Clone, Copy)]
enum End {
    Well,
    Failed,
}

pin_project! {
    struct Streaming<S, Q, C, N> {
        #[pin]
        stream: S,
        encode: N,
        encoder: Encoder<C>,
        batch: BytesMut,
        end: Option<End>,
        slot: Arc<Mutex<Option<Error>>>,
        message: PhantomData<fn(Q)>,
    }
}

impl<S, T, E, Q, C, N> HttpBody for Streaming<S, Q, C, N>
where
    S: Stream<Item = Result<T, E>>,
    E: Into<Error>,
    C: Codec<Q>,
    N: Encode<T, Q>,
{
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let mut this = self.project();
        while this.end.is_none() && this.batch.len() < BATCH {
            let error = match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    let message = item.map_err(Into::into).and_then(|value| this.encode.encode(value));
                    match message.and_then(|message| this.encoder.append(message.reply(), this.batch)) {
                        Ok(()) => continue,
                        Err(error) => Some(error),
                    }
                }
                Poll::Ready(None) => None,
                Poll::Pending if this.batch.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            };
            *this.end = Some(if error.is_some() { End::Failed } else { End::Well });
            *this.slot.lock().unwrap_or_else(PoisonError::into_inner) = error;
        }
        match *this.end {
            // The call is given up, and what was not sent yet with it.
            Some(End::Failed) => Poll::Ready(Some(Err(h2::Reason::CANCEL.into()))),
            Some(End::Well) if this.batch.is_empty() => Poll::Ready(None),
            _ => Poll::Ready(Some(Ok(Frame::data(this.batch.split().freeze())))),
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
