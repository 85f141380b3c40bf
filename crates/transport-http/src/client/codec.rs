mod functions;
mod reply;
mod request;

use std::future::Future;

use bytes::Bytes;
use http::{HeaderValue, response};
use towerkit_endpoint::{Code, Error, WithMetadata};

use super::Draft;
use crate::codec::{Annotated, Plain};
use crate::{Body, ReadError};

pub use functions::{DecodeResponseFn, EncodeRequestFn, decode_response_fn, encode_request_fn};
pub(crate) use reply::json_bytes;

/// Writes a message into a request.
///
/// A codec of [`codec`](crate::codec) writes where on the server it reads: [`Json`](crate::codec::Json) and
/// [`Form`](crate::codec::Form) the body, [`Query`](crate::codec::Query) the query string,
/// [`Path`](crate::codec::Path) the names in the path's template, [`Headers`](crate::codec::Headers) headers. A pair or a
/// triple of writers writes a pair or a triple: `(Path, Json)` writes `(A, B)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't write a request from `{T}`",
    note = "`Json`, `Form`, `Query`, `Path` and `Headers` write what implements `serde::Serialize`, `Text` what implements `Display`",
    note = "anything else is written by `encode_request_fn`"
)]
pub trait EncodeRequest<T>: Clone + Send + Sync + 'static {
    /// Writes the message into the draft, and returns the body. One that is in memory is sent with its length.
    ///
    /// # Errors
    ///
    /// Where the message can't be written; nothing is sent.
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error>;

    /// Whether it gives the names in the path's template their values, so that
    /// [`param`](crate::Operation::param) need not.
    fn fills_path(&self) -> bool {
        false
    }
}

/// Reads a reply whose status is of the 2xx class.
///
/// `M` is inferred: [`Plain`] for a reply that is read as it is, [`Annotated`] for [`WithMetadata`], which gets the headers as
/// its metadata and the [`StatusCode`](http::StatusCode) as an extension. A reader of one's own implements
/// `DecodeResponse<R>` and gets `DecodeResponse<WithMetadata<R>, Annotated>` with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't read a reply into `{R}`",
    note = "`Json` reads what implements `serde::Deserialize`, `Text` a `String`, `Raw` `Bytes`, `Empty` `()`",
    note = "anything else is read by `decode_response_fn`"
)]
pub trait DecodeResponse<R, M = Plain>: Clone + Send + Sync + 'static {
    /// Whether the reply is a stream, which goes on when it was read here. [`Client::timeout`](crate::Client::timeout) bounds the
    /// time to its beginning then, and only the caller's deadline the whole.
    const STREAMS: bool = false;

    /// Reads the reply. `limit` is the most bytes that may be read of the body.
    ///
    /// # Errors
    ///
    /// Where the reply can't be read. The message may reach the caller's caller, so the details are for the source.
    fn decode(
        &self,
        parts: &mut response::Parts,
        body: Body,
        limit: usize,
    ) -> impl Future<Output = Result<R, Error>> + Send;

    /// The media type to ask for.
    fn accept(&self) -> Option<HeaderValue> {
        None
    }
}

impl<R: Send, D: DecodeResponse<R>> DecodeResponse<WithMetadata<R>, Annotated> for D {
    const STREAMS: bool = <D as DecodeResponse<R>>::STREAMS;

    async fn decode(&self, parts: &mut response::Parts, body: Body, limit: usize) -> Result<WithMetadata<R>, Error> {
        let reply = DecodeResponse::<R>::decode(self, parts, body, limit).await?;
        let mut annotated = WithMetadata::new(reply).with_extension(parts.status);
        let mut last = None;
        // A header that stands more than once gives its name the first time only.
        for (name, value) in std::mem::take(&mut parts.headers) {
            last = name.or(last);
            if let Some(name) = &last {
                annotated = annotated.with_metadata(name.clone(), value);
            }
        }
        Ok(annotated)
    }

    fn accept(&self) -> Option<HeaderValue> {
        DecodeResponse::<R>::accept(self)
    }
}

/// Reads a reply's body whole, each failure with its own code.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Error> {
    body.read(limit).await.map_err(|error| match error {
        ReadError::TooLarge { limit } => {
            Error::new(Code::ResourceExhausted, format!("the service's reply is longer than {limit} bytes"))
        }
        ReadError::Broken(error) => Error::new(Code::Unavailable, "the service's reply broke off").with_source(error),
    })
}

/// Whether a reply is of a media type.
pub(crate) fn expect_reply_type(parts: &response::Parts, expected: &'static str) -> Result<(), Error> {
    let given = parts.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let given: String = if essence.is_empty() { "without a type".into() } else { essence.chars().take(100).collect() };
    Err(Error::new(Code::Internal, format!("the service's reply is {given}, {expected} is expected")))
}

/// A reply that is not what it should be: a fault of the remote service, or of this program's picture of it.
pub(crate) fn unreadable(source: impl Into<towerkit_endpoint::BoxError>) -> Error {
    Error::new(Code::Internal, "the service's reply can't be read").with_source(source)
}
