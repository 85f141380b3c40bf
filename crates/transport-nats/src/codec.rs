//! Between payloads and messages: a codec is a value that reads requests into messages and writes replies, and for a client
//! the other way round.
//!
//! | codec | reads and writes |
//! | --- | --- |
//! | [`Json`] | JSON |
//! | [`Raw`] | the payload as it is, as [`Bytes`] |
//! | [`Empty`] | nothing: the message is `()`, the payload empty |
//! | [`Items`] | a reply that is a [stream](crate::stream), each item by another codec |
//! | [`decode_fn`], [`encode_fn`] | what a function reads of a request, and writes of a reply |
//! | [`encode_request_fn`], [`decode_response_fn`] | the same on the client's side |
//!
//! A reply that is [`WithMetadata`] is understood by every writer, and by every reader.
//!
//! ```
//! use bytes::Bytes;
//! use towerkit_endpoint::{Error, endpoint_fn};
//! use towerkit_transport_nats::codec::{Json, Raw};
//! use towerkit_transport_nats::{Routes, Server};
//!
//! let size = endpoint_fn(|picture: Bytes| async move { Ok::<_, Error>(picture.len()) });
//! let routes = Routes::new().subject("pictures.size", Server::new(size, Raw, Json));
//! # let _ = routes;
//! ```

mod empty;
mod functions;
mod json;
mod raw;

use bytes::Bytes;
use towerkit_endpoint::{Context, Error, Metadata, WithMetadata};

use crate::Reply;
use crate::stream::Incoming;

pub use crate::stream::items::Items;
pub use empty::Empty;
pub use functions::{
    DecodeFn, DecodeResponseFn, EncodeFn, EncodeRequestFn, decode_fn, decode_response_fn, encode_fn, encode_request_fn,
};
pub use json::Json;
pub use raw::Raw;

/// Reads a request into a message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't read a request into `{T}`",
    note = "`Json` reads what implements `serde::Deserialize`, `Raw` reads `Bytes`, `Empty` reads `()`",
    note = "anything else is read by `decode_fn`"
)]
pub trait DecodeRequest<T>: Clone + Send + Sync + 'static {
    /// Reads the message. The context has the headers as its metadata, and what a wildcard [matched](crate::Matched).
    ///
    /// # Errors
    ///
    /// What is wrong and where, as the caller is to read it.
    fn decode(&self, context: &mut Context, payload: Bytes) -> Result<T, Error>;
}

/// Writes a reply.
///
/// `M` is inferred: [`Plain`] for a reply that is written as it is, [`Annotated`] for [`WithMetadata`]. A writer of one's own
/// implements `EncodeResponse<R>` and gets `EncodeResponse<WithMetadata<R>, Annotated>` with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't write a reply of type `{R}`",
    note = "`Json` writes what implements `serde::Serialize`, `Raw` what converts into `Bytes`, `Empty` writes `()`",
    note = "anything else is written by `encode_fn`"
)]
pub trait EncodeResponse<R, M = Plain>: Clone + Send + Sync + 'static {
    /// Whether it writes [streams](Reply::stream), which are not over when they are written here. The [`Tail`](towerkit_endpoint::Tail) of the reply
    /// is in the context then, and who does not ask for a stream is refused.
    const STREAMS: bool = false;

    /// Writes the reply.
    ///
    /// # Errors
    ///
    /// Where the reply can't be written; the caller gets `Internal`.
    fn encode(&self, reply: R) -> Result<Reply, Error>;
}

/// Writes a message into a request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't write a request from `{T}`",
    note = "`Json` writes what implements `serde::Serialize`, `Raw` what converts into `Bytes`, `Empty` writes `()`",
    note = "anything else is written by `encode_request_fn`"
)]
pub trait EncodeRequest<T>: Clone + Send + Sync + 'static {
    /// Writes the message, and adds headers to those of the context.
    ///
    /// # Errors
    ///
    /// Where the message can't be written; nothing is sent.
    fn encode(&self, message: T, headers: &mut Metadata) -> Result<Bytes, Error>;
}

/// Reads a good reply.
///
/// `M` is inferred: [`Plain`] for a reply that is read as it is, [`Annotated`] for [`WithMetadata`], which gets the headers as
/// its metadata. A reader of one's own implements `DecodeResponse<R>` and gets `DecodeResponse<WithMetadata<R>, Annotated>`
/// with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't read a reply into `{R}`",
    note = "`Json` reads what implements `serde::Deserialize`, `Raw` reads `Bytes`, `Empty` reads `()`",
    note = "anything else is read by `decode_response_fn`"
)]
pub trait DecodeResponse<R, M = Plain>: Clone + Send + Sync + 'static {
    /// Whether it reads [streams](crate::stream), by [`decode_items`](Self::decode_items); then one is asked for.
    const STREAMS: bool = false;

    /// Reads the reply.
    ///
    /// # Errors
    ///
    /// Where the reply can't be read. The message may reach the caller's caller, so the details are for the source.
    fn decode(&self, headers: &mut Metadata, payload: Bytes) -> Result<R, Error>;

    /// Makes the reply of the items that come; in place of [`decode`](Self::decode) where it [streams](Self::STREAMS).
    ///
    /// # Errors
    ///
    /// Where it does not stream.
    fn decode_items(&self, headers: &mut Metadata, items: Incoming) -> Result<R, Error> {
        let (_, _) = (headers, items);
        Err(unreadable("it is a stream"))
    }
}

/// Marks a plain reply.
#[derive(Debug)]
pub enum Plain {}

/// Marks a reply [with metadata](WithMetadata).
#[derive(Debug)]
pub enum Annotated {}

impl<R, N: EncodeResponse<R>> EncodeResponse<WithMetadata<R>, Annotated> for N {
    const STREAMS: bool = <N as EncodeResponse<R>>::STREAMS;

    fn encode(&self, reply: WithMetadata<R>) -> Result<Reply, Error> {
        let (reply, metadata, trailers, _) = reply.into_parts();
        let mut written = EncodeResponse::<R>::encode(self, reply)?;
        for (name, value) in metadata.iter().chain(trailers.iter()) {
            written.headers_mut().append(name.clone(), value.clone());
        }
        Ok(written)
    }
}

impl<R, D: DecodeResponse<R>> DecodeResponse<WithMetadata<R>, Annotated> for D {
    const STREAMS: bool = <D as DecodeResponse<R>>::STREAMS;

    fn decode(&self, headers: &mut Metadata, payload: Bytes) -> Result<WithMetadata<R>, Error> {
        let mut reply = WithMetadata::new(DecodeResponse::<R>::decode(self, headers, payload)?);
        *reply.metadata_mut() = std::mem::take(headers);
        Ok(reply)
    }

    fn decode_items(&self, headers: &mut Metadata, items: Incoming) -> Result<WithMetadata<R>, Error> {
        let mut reply = WithMetadata::new(DecodeResponse::<R>::decode_items(self, headers, items)?);
        *reply.metadata_mut() = std::mem::take(headers);
        Ok(reply)
    }
}

/// A reply that is not what it should be: a fault of the remote service, or of this program's picture of it.
fn unreadable(source: impl Into<towerkit_endpoint::BoxError>) -> Error {
    Error::new(towerkit_endpoint::Code::Internal, "the service's reply can't be read").with_source(source)
}
