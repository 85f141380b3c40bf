use std::task::{Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use towerkit_endpoint::{BoxStream, Code, Error, Metadata};

use super::Incoming;
use crate::Reply;
use crate::codec::{DecodeResponse, EncodeResponse};

/// A reply that is a stream, item by item: each is written and read by another codec.
///
/// It writes any `Stream` of `Result`s, and reads a [`BoxStream`]. An item that can't be read is an error, and the last one; so is one that can't be
/// written. The [page](crate::stream) says how it goes over the wire.
///
/// ```
/// use bytes::Bytes;
/// use futures_util::{StreamExt, stream};
/// use towerkit_endpoint::{Error, endpoint_fn};
/// use towerkit_transport_nats::codec::{Items, Json, Raw};
/// use towerkit_transport_nats::{Routes, Server};
///
/// let pieces = endpoint_fn(|name: String| async move {
///     Ok::<_, Error>(stream::iter(name.into_bytes()).map(|byte| Ok::<_, Error>(Bytes::from(vec![byte]))))
/// });
/// let routes = Routes::new().queue_group("files").subject("files.pieces", Server::new(pieces, Json, Items(Raw)));
/// # let _ = routes;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Items<C>(
    /// The codec of an item.
    pub C,
);

impl<C, S, R, E> EncodeResponse<S> for Items<C>
where
    C: EncodeResponse<R>,
    S: Stream<Item = Result<R, E>> + Send + 'static,
    E: Into<Error>,
{
    const STREAMS: bool = true;

    fn encode(&self, reply: S) -> Result<Reply, Error> {
        let codec = self.0.clone();
        Ok(Reply::stream(reply.map(move |item| codec.encode(item.map_err(Into::into)?))))
    }
}

impl<C, R> DecodeResponse<BoxStream<R>> for Items<C>
where
    C: DecodeResponse<R>,
    R: Send + 'static,
{
    const STREAMS: bool = true;

    fn decode(&self, _: &mut Metadata, _: Bytes) -> Result<BoxStream<R>, Error> {
        Err(Error::new(Code::Internal, "a stream is read by its items"))
    }

    fn decode_items(&self, _: &mut Metadata, mut items: Incoming) -> Result<BoxStream<R>, Error> {
        let codec = self.0.clone();
        Ok(Box::pin(poll_fn(move |cx| {
            let Some(item) = ready!(items.poll_next_unpin(cx)) else { return Poll::Ready(None) };
            let read = item.and_then(|item| {
                let (mut headers, payload) = item.into_parts();
                codec.decode(&mut headers, payload).inspect_err(|error| items.fail(error))
            });
            Poll::Ready(Some(read))
        })))
    }
}
