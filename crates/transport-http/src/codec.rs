//! Between bytes and messages: a codec is a value that reads requests into messages and writes replies; on the client's side it writes
//! requests and reads replies.
//!
//! | codec | reads | writes |
//! | --- | --- | --- |
//! | [`Json`] | a JSON body | a JSON body |
//! | [`Json.under("name")`](Json::under) | one member of a JSON body | the same |
//! | [`Form`] | an `application/x-www-form-urlencoded` body | |
//! | [`Query`] | the query string | |
//! | [`Path`] | the parameters of the [`Router`](crate::Router)'s path | |
//! | [`Headers`] | headers, by name | |
//! | [`Raw`] | the body as it is | bytes, with a media type |
//! | [`Text`] | a UTF-8 body | anything that has `Display` |
//! | [`Ndjson`] | lines of JSON, as a stream | a stream, as lines of JSON |
//! | [`Chunks`] | the body as a stream of bytes | a stream of bytes, with a media type |
//! | [`Events`](crate::sse::Events) | the id of the last event | a stream of server-sent events |
//! | [`Empty`] | nothing: the message is `()` | nothing: 204 |
//! | [`decode_fn`], [`encode_fn`] | what a function reads | what a function writes |
//! | [`decode_response_fn`], [`encode_request_fn`] | the same on the client's side | |
//!
//! Two readers side by side read a pair, and three a triple: `(Path, Json)` gives `(A, B)`. The body goes to the last.
//!
//! A reply that is [`WithMetadata`] is understood by every writer; a `content-type` of its own takes the place of the writer's.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use towerkit_endpoint::{Error, endpoint_fn};
//! use towerkit_transport_http::codec::{Json, Path};
//! use towerkit_transport_http::{Router, Server};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Profile {
//!     name: String,
//! }
//!
//! let put = endpoint_fn(|(id, profile): (u64, Profile)| async move {
//!     println!("{id} is now {}", profile.name);
//!     Ok::<_, Error>(profile)
//! });
//! let routes = Router::new().put("/profiles/{id}", Server::new(put, (Path, Json), Json));
//! # let _ = routes;
//! ```

mod chunks;
mod empty;
mod functions;
pub(crate) mod json;
pub(crate) mod ndjson;
mod path;
mod raw;
mod text;
mod under;
mod urlencoded;

use std::future::Future;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use towerkit_endpoint::{Code, Error, WithMetadata};

use crate::body::too_large;
use crate::problem::refused;
use crate::{Body, ReadError};

pub use crate::client::{
    DecodeResponse, DecodeResponseFn, Draft, EncodeRequest, EncodeRequestFn, decode_response_fn, encode_request_fn,
};
pub use chunks::Chunks;
pub use empty::Empty;
pub use functions::{DecodeFn, EncodeFn, decode_fn, encode_fn};
pub use json::Json;
pub use ndjson::Ndjson;
pub use path::Path;
pub use raw::Raw;
pub use text::Text;
pub use under::Under;
pub use urlencoded::{Form, Headers, Query};

/// Reads a request into a message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't read a request into `{T}`",
    note = "`Json`, `Form`, `Query`, `Path` and `Headers` read what implements `serde::Deserialize`",
    note = "anything else is read by `decode_fn`"
)]
pub trait DecodeRequest<T>: Clone + Send + Sync + 'static {
    /// Reads the message. `limit` is the most bytes that may be read from the body.
    ///
    /// # Errors
    ///
    /// What is wrong and where, as the caller is to read it: `InvalidArgument`, or a code with the
    /// [`StatusCode`] that HTTP has for it as an extension.
    fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> impl Future<Output = Result<T, Error>> + Send;
}

/// Writes a reply.
///
/// `M` is inferred: [`Plain`] for a reply that is written as it is, [`Annotated`] for [`WithMetadata`]. A writer of one's own
/// implements `EncodeResponse<R>` and gets `EncodeResponse<WithMetadata<R>, Annotated>` with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't write a reply of type `{R}`",
    note = "`Json` writes what implements `serde::Serialize`, `Text` what implements `Display`, `Empty` writes `()`",
    note = "anything else is written by `encode_fn`"
)]
pub trait EncodeResponse<R, M = Plain>: Clone + Send + Sync + 'static {
    /// Whether the reply is a stream, which is not over when it is written here. Its [`Tail`](towerkit_endpoint::Tail) is in the
    /// context then, and a deadline bounds its body too.
    const STREAMS: bool = false;

    /// Writes the reply.
    ///
    /// # Errors
    ///
    /// Where the reply can't be written; the caller gets `Internal`.
    fn encode(&self, reply: R) -> Result<Response<Body>, Error>;
}

/// Marks the writing of a plain reply.
#[derive(Debug)]
pub enum Plain {}

/// Marks the writing of a reply [with metadata](WithMetadata).
#[derive(Debug)]
pub enum Annotated {}

impl<R, N: EncodeResponse<R>> EncodeResponse<WithMetadata<R>, Annotated> for N {
    const STREAMS: bool = <N as EncodeResponse<R>>::STREAMS;

    fn encode(&self, reply: WithMetadata<R>) -> Result<Response<Body>, Error> {
        let (reply, metadata, trailers, extensions) = reply.into_parts();
        let mut response = EncodeResponse::<R>::encode(self, reply)?;
        if let Some(status) = extensions.get::<StatusCode>() {
            *response.status_mut() = *status;
        }
        if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(http::header::CONTENT_TYPE);
        }
        // What the reply says of itself goes before what the writer says of all.
        if metadata.get(http::header::CONTENT_TYPE).is_some() {
            response.headers_mut().remove(http::header::CONTENT_TYPE);
        }
        for (name, value) in metadata.iter().chain(trailers.iter()) {
            response.headers_mut().append(name, value.clone());
        }
        Ok(response)
    }
}

impl<A, B, X, Y> DecodeRequest<(A, B)> for (X, Y)
where
    A: Send,
    X: DecodeRequest<A>,
    Y: DecodeRequest<B>,
{
    async fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> Result<(A, B), Error> {
        let first = self.0.decode(parts, Body::empty(), limit).await?;
        Ok((first, self.1.decode(parts, body, limit).await?))
    }
}

impl<A, B, C, X, Y, Z> DecodeRequest<(A, B, C)> for (X, Y, Z)
where
    A: Send,
    B: Send,
    X: DecodeRequest<A>,
    Y: DecodeRequest<B>,
    Z: DecodeRequest<C>,
{
    async fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> Result<(A, B, C), Error> {
        let first = self.0.decode(parts, Body::empty(), limit).await?;
        let second = self.1.decode(parts, Body::empty(), limit).await?;
        Ok((first, second, self.2.decode(parts, body, limit).await?))
    }
}

/// Reads a body whole, each failure with its own status.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Error> {
    body.read(limit).await.map_err(|error| match error {
        ReadError::TooLarge { limit } => too_large(limit as u64),
        // What `serve` says of a body that comes too slowly is for the caller.
        ReadError::Broken(error) => match error.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(error) => Error::invalid("", "the body ended before its time").with_source(error),
        },
    })
}

/// Whether the request's body is of a media type; where not, 415 and what to send instead.
pub(crate) fn expect_media_type(
    parts: &Parts,
    matches: impl Fn(&str) -> bool,
    expected: &'static str,
) -> Result<(), Error> {
    let given = parts.headers.get(http::header::CONTENT_TYPE);
    // What nearly all clients send is told by one comparison.
    if given.is_some_and(|given| given == expected) {
        return Ok(());
    }
    let essence = given.and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next()).map(str::trim);
    if essence.is_some_and(matches) {
        return Ok(());
    }
    let given = match essence {
        Some(essence) => format!("it is {}", shorten(essence)),
        None if given.is_some() => "it is not readable".to_owned(),
        None => "there is none".to_owned(),
    };
    Err(refused(
        Code::InvalidArgument,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("content-type: {expected} is expected, {given}"),
    )
    .with_metadata(http::header::ACCEPT, http::HeaderValue::from_static(expected)))
}

/// What came from outside is repeated to the caller in part only.
fn shorten(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
