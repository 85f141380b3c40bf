use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::CONTENT_TYPE;
use http::{Extensions, HeaderMap, HeaderValue, Response};
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;
use towerkit_endpoint::{BoxError, Context, Error, Metadata};
use towerkit_transport_http::Body;

use super::watched::{Watch, Watched};
use super::{Head, Settings};
use crate::StreamReply;
use crate::codec::Codec;
use crate::compression::{self, Compression, Uncompressed};
use crate::convert::Encode;
use crate::frame::{BATCH, Encoder};
use crate::status::{self, Status};

/// Writes a reply of one kind. `K` tells a plain reply from one with metadata.
pub(crate) trait WriteReply<R, K>: Clone + Send + Sync + 'static {
    /// Whether the reply is a stream.
    const STREAMS: bool;

    fn write(&self, reply: R, sending: Sending<'_>, watch: impl FnOnce() -> Watch) -> Result<Response<Body>, Error>;
}

/// How a reply goes out.
pub(crate) struct Sending<'a> {
    pub(super) settings: &'a Settings,
    pub(super) content_type: HeaderValue,
    /// What the caller takes.
    pub(super) compression: Option<Compression>,
    /// For the after hooks, if there are any.
    pub(super) context: Option<&'a Context>,
}

impl Sending<'_> {
    /// Without compression where the reply says so.
    fn unless(mut self, extensions: &Extensions) -> Self {
        self.compression = self.compression.filter(|_| extensions.get::<Uncompressed>().is_none());
        self
    }

    /// The headers of a good reply, and the custom trailers.
    fn head(self, metadata: Metadata, trailers: Metadata) -> (HeaderMap, HeaderMap) {
        let mut head = Head { headers: metadata, trailers };
        self.settings.hooks.run_after(self.context, &mut head);
        let mut headers = head.headers.into_headers();
        headers.insert(CONTENT_TYPE, self.content_type);
        if let Some(compression) = self.compression {
            headers.insert(compression::ENCODING, compression.header());
        }
        (headers, head.trailers.into_headers())
    }
}

/// A reply that is nothing but a status.
pub(crate) fn failed(status: &Status, content_type: HeaderValue, head: Head) -> Response<Body> {
    let mut headers = head.headers.into_headers();
    headers.extend(head.trailers.into_headers());
    status::write(status, &mut headers);
    headers.insert(CONTENT_TYPE, content_type);
    respond(headers, Body::empty())
}

fn respond(headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

/// A reply of one message.
pub(crate) struct WriteOne<P, C, N> {
    codec: C,
    encode: N,
    message: PhantomData<fn() -> P>,
}

impl<P, C, N> WriteOne<P, C, N> {
    pub(crate) const fn new(codec: C, encode: N) -> Self {
        Self { codec, encode, message: PhantomData }
    }
}

impl<R, K, P, C, N> WriteReply<R, K> for WriteOne<P, C, N>
where
    P: 'static,
    C: Codec<P>,
    N: Encode<R, P, K>,
{
    const STREAMS: bool = false;

    fn write(&self, reply: R, sending: Sending<'_>, _: impl FnOnce() -> Watch) -> Result<Response<Body>, Error> {
        let (message, metadata, trailers, extensions) = self.encode.encode(reply)?.into_parts();
        let sending = sending.unless(&extensions);
        let encoder = Encoder::new(self.codec.clone(), sending.settings.reply_limit, sending.compression);
        let data = encoder.frame(&message)?;
        let (headers, mut trailers) = sending.head(metadata, trailers);
        status::write_ok(&mut trailers);
        Ok(respond(headers, Body::new(Unary { data: Some(data), trailers: Some(trailers) })))
    }
}

struct Unary {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl HttpBody for Unary {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = self.data.take().map(Frame::data).or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.trailers.is_none()
    }
}

/// A reply that is a stream of messages.
pub(crate) struct WriteMany<P, C, N>(WriteOne<P, C, N>);

impl<P, C, N> WriteMany<P, C, N> {
    pub(crate) const fn new(codec: C, encode: N) -> Self {
        Self(WriteOne::new(codec, encode))
    }
}

impl<S, K, P, C, N> WriteReply<S, K> for WriteMany<P, C, N>
where
    S: StreamReply<K>,
    P: 'static,
    C: Codec<P>,
    N: Encode<S::Value, P>,
{
    const STREAMS: bool = true;

    fn write(&self, reply: S, sending: Sending<'_>, watch: impl FnOnce() -> Watch) -> Result<Response<Body>, Error> {
        let (stream, metadata, trailers, extensions) = reply.into_stream().into_parts();
        let sending = sending.unless(&extensions);
        let encoder = Encoder::new(self.0.codec.clone(), sending.settings.reply_limit, sending.compression);
        let (headers, trailers) = sending.head(metadata, trailers);
        let body = Streaming {
            stream: Watched::new(stream, watch()),
            encode: self.0.encode.clone(),
            encoder,
            batch: BytesMut::new(),
            trailers: Some(trailers),
            ended: false,
            message: PhantomData::<fn() -> P>,
        };
        Ok(respond(headers, Body::new(body)))
    }
}

pin_project! {
    struct Streaming<S, P, C, N> {
        #[pin]
        stream: Watched<S>,
        encode: N,
        encoder: Encoder<C>,
        batch: BytesMut,
        // Those of the user, until the status is among them and they are sent.
        trailers: Option<HeaderMap>,
        // The status is among the trailers.
        ended: bool,
        message: PhantomData<fn() -> P>,
    }
}

impl<S, R, E, P, C, N> HttpBody for Streaming<S, P, C, N>
where
    S: Stream<Item = Result<R, E>>,
    E: Into<Error>,
    C: Codec<P>,
    N: Encode<R, P>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        while !*this.ended && this.batch.len() < BATCH {
            let (encode, encoder, batch) = (&*this.encode, &*this.encoder, &mut *this.batch);
            let append = |reply| encoder.append(encode.encode(reply)?.reply(), batch);
            let status = match this.stream.as_mut().poll_message(cx, append) {
                Poll::Ready(Some(Ok(()))) => continue,
                Poll::Ready(Some(Err(status))) => Some(status),
                Poll::Ready(None) => None,
                Poll::Pending if this.batch.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            };
            *this.ended = true;
            if let Some(trailers) = this.trailers {
                match status {
                    Some(status) => status::write(&status, trailers),
                    None => status::write_ok(trailers),
                }
            }
        }
        if !this.batch.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(this.batch.split().freeze()))));
        }
        Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.trailers.is_none()
    }
}

impl<P, C: Clone, N: Clone> Clone for WriteOne<P, C, N> {
    fn clone(&self) -> Self {
        Self::new(self.codec.clone(), self.encode.clone())
    }
}

impl<P, C: Clone, N: Clone> Clone for WriteMany<P, C, N> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
