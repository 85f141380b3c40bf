use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use tokio::time::Instant;
use towerkit_endpoint::{BoxStream, Code, Error, Tail, WithMetadata};
use towerkit_transport_http::Body;

use super::Settings;
use super::failure::channel_failure;
use super::finalizer::Finalizer;
use super::outgoing::Outgoing;
use super::replies::Replies;
use super::request::Converts;
use crate::codec::Codec;
use crate::compression::Compression;
use crate::convert::{Convert, Decode};
use crate::frame::{Decoder, FrameError, Messages, MessagesError};
use crate::status::{self, error_of};
use crate::wire;

/// Reads a reply of one kind.
pub(super) trait ReadReply<R>: Clone + Send + Sync + 'static {
    /// Whether the reply is a stream.
    const STREAMS: bool;

    fn read(&self, reply: Incoming) -> impl Future<Output = Result<WithMetadata<R>, Error>> + Send;
}

/// A reply as it came: its head was good, and its messages follow.
pub(super) struct Incoming {
    pub(super) headers: HeaderMap,
    pub(super) messages: Messages,
    /// Where the head was all of it, it holds the trailers.
    pub(super) trailers: Option<HeaderMap>,
    pub(super) settings: Arc<Settings>,
    /// Held as long as the reply is read: dropped, it gives up what of the request is not sent.
    pub(super) outgoing: Outgoing,
    pub(super) tail: Tail,
    pub(super) deadline: Option<Instant>,
    pub(super) finalizer: Option<Finalizer>,
}

impl Incoming {
    /// Looks at the head.
    ///
    /// # Errors
    ///
    /// Where it says that the call failed, or is none of gRPC.
    pub(super) fn head(
        response: Response<Body>,
        settings: Arc<Settings>,
        outgoing: Outgoing,
        deadline: Option<Instant>,
        tail: Tail,
    ) -> Result<Self, Error> {
        let (parts, body) = response.into_parts();
        settings.after.iter().for_each(|hook| hook(&parts.headers));
        let status = status::read(&parts.headers);
        if status.is_some() {
            settings.trailers.iter().for_each(|hook| hook(&parts.headers));
        }
        let alone = match status {
            Some(Err(status)) => return Err(error_of(status)),
            Some(Ok(())) => true,
            None => false,
        };
        if parts.status != StatusCode::OK {
            let message = format!("the service answered with the HTTP status {}", parts.status.as_u16());
            return Err(Error::new(status::code_of_http(parts.status), message));
        }
        if wire::subtype(&parts.headers).is_none() {
            return Err(Error::new(Code::Unknown, "the service's reply is none of gRPC"));
        }
        let compression = Compression::of(&parts.headers).map_err(|error| {
            Error::new(Code::Internal, "the service's reply is compressed in a way that was not asked for")
                .with_source(error)
        })?;
        Ok(Self {
            trailers: alone.then(|| parts.headers.clone()),
            headers: parts.headers,
            messages: Messages::new(body, Decoder::new(settings.reply_limit, compression)),
            settings,
            outgoing,
            tail,
            deadline,
            finalizer: None,
        })
    }

    /// What the trailers say once the messages have come to their end.
    pub(super) fn end(&mut self) -> Result<HeaderMap, Error> {
        if let Some(head) = self.trailers.take() {
            return Ok(head);
        }
        let Some(trailers) = self.messages.take_trailers() else {
            return Err(Error::new(Code::Unknown, "the service's reply ended without a status"));
        };
        self.settings.trailers.iter().for_each(|hook| hook(&trailers));
        match status::read(&trailers) {
            Some(Ok(())) => Ok(trailers),
            Some(Err(status)) => Err(error_of(status)),
            None => Err(Error::new(Code::Unknown, "the service's reply ended without a status")),
        }
    }

    pub(super) fn broken(&self, error: MessagesError) -> Error {
        match error {
            MessagesError::Frame(error) => error.of_reply(),
            MessagesError::Body(error) => self.outgoing.failure_or(channel_failure(error)),
        }
    }
}

/// A part of the type of a [`Client`](crate::Client): its reply is one message.
pub struct OneReply<P, C, D = Convert> {
    codec: C,
    decode: D,
    message: PhantomData<fn() -> P>,
}

/// A part of the type of a [`Client`](crate::Client): its reply is a stream of messages.
pub struct ManyReplies<P, C, D = Convert>(OneReply<P, C, D>);

impl<P, C, D> OneReply<P, C, D> {
    pub(crate) const fn new(codec: C, decode: D) -> Self {
        Self { codec, decode, message: PhantomData }
    }

    pub(super) fn value<R>(&self, bytes: Bytes) -> Result<R, Error>
    where
        C: Codec<P>,
        D: Decode<P, R>,
    {
        let message = self.codec.decode(bytes).map_err(|error| FrameError::Malformed(error).of_reply())?;
        self.decode.decode(message)
    }
}

fn cardinality(what: &str) -> Error {
    Error::new(Code::Unimplemented, format!("the service's reply has {what}, where the method has one"))
}

fn accompany<R>(value: R, headers: HeaderMap, trailers: HeaderMap) -> WithMetadata<R> {
    let mut reply = WithMetadata::new(value);
    *reply.metadata_mut() = headers.into();
    *reply.trailers_mut() = trailers.into();
    reply
}

impl<P, C, D> ManyReplies<P, C, D> {
    pub(crate) const fn new(codec: C, decode: D) -> Self {
        Self(OneReply::new(codec, decode))
    }
}

impl<P, C, D> Converts for OneReply<P, C, D> {
    type With<X> = OneReply<P, C, X>;

    fn with<X>(self, decode: X) -> OneReply<P, C, X> {
        OneReply::new(self.codec, decode)
    }
}

impl<P, C, D> Converts for ManyReplies<P, C, D> {
    type With<X> = ManyReplies<P, C, X>;

    fn with<X>(self, decode: X) -> ManyReplies<P, C, X> {
        ManyReplies(self.0.with(decode))
    }
}

impl<R, P, C, D> ReadReply<R> for OneReply<P, C, D>
where
    R: Send,
    P: 'static,
    C: Codec<P>,
    D: Decode<P, R>,
{
    const STREAMS: bool = false;

    async fn read(&self, mut reply: Incoming) -> Result<WithMetadata<R>, Error> {
        let mut message = None;
        loop {
            match poll_fn(|cx| reply.messages.poll_next(cx)).await {
                Ok(Some(bytes)) if message.is_none() => message = Some(bytes),
                Ok(Some(_)) => return Err(cardinality("more than one message")),
                Ok(None) => break,
                Err(error) => return Err(reply.broken(error)),
            }
        }
        let trailers = reply.end()?;
        let value = self.value(message.ok_or_else(|| cardinality("no message"))?)?;
        Ok(accompany(value, reply.headers, trailers))
    }
}

impl<R, P, C, D> ReadReply<BoxStream<R>> for ManyReplies<P, C, D>
where
    R: Send + 'static,
    P: 'static,
    C: Codec<P>,
    D: Decode<P, R>,
{
    const STREAMS: bool = true;

    async fn read(&self, mut reply: Incoming) -> Result<WithMetadata<BoxStream<R>>, Error> {
        let headers = std::mem::take(&mut reply.headers);
        let stream: BoxStream<R> = Box::pin(Replies::new(reply, self.0.clone()));
        Ok(accompany(stream, headers, HeaderMap::new()))
    }
}

/// A part of the type of a [`Client`](crate::Client): its reply is asked for with its metadata.
#[derive(Clone, Debug)]
pub struct Accompanied<O>(pub(super) O);

impl<O: ReadReply<R>, R> ReadReply<WithMetadata<R>> for Accompanied<O> {
    const STREAMS: bool = O::STREAMS;

    async fn read(&self, reply: Incoming) -> Result<WithMetadata<WithMetadata<R>>, Error> {
        self.0.read(reply).await.map(WithMetadata::new)
    }
}

impl<O: Converts> Converts for Accompanied<O> {
    type With<X> = Accompanied<O::With<X>>;

    fn with<X>(self, decode: X) -> Accompanied<O::With<X>> {
        Accompanied(self.0.with(decode))
    }
}

impl<P, C: Clone, D: Clone> Clone for OneReply<P, C, D> {
    fn clone(&self) -> Self {
        Self::new(self.codec.clone(), self.decode.clone())
    }
}

impl<P, C: Clone, D: Clone> Clone for ManyReplies<P, C, D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P, C, D> fmt::Debug for OneReply<P, C, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneReply")
    }
}

impl<P, C, D> fmt::Debug for ManyReplies<P, C, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManyReplies")
    }
}
