use std::fmt;
use std::future::Future;

use http::response;
use towerkit_endpoint::Error;

use super::{DecodeResponse, EncodeRequest};
use crate::Body;
use crate::client::Draft;

/// Writes requests with a function of the message and the [`Draft`], which returns the body.
///
/// ```
/// use towerkit_endpoint::Error;
/// use towerkit_transport_http::Body;
/// use towerkit_transport_http::codec::{Draft, encode_request_fn};
///
/// let search = encode_request_fn(|words: Vec<String>, draft: &mut Draft| {
///     draft.query_value("q", words.join(" "));
///     Ok::<_, Error>(Body::empty())
/// });
/// # let _ = search;
/// ```
pub const fn encode_request_fn<F, T, E>(function: F) -> EncodeRequestFn<F>
where
    F: Fn(T, &mut Draft) -> Result<Body, E>,
    E: Into<Error>,
{
    EncodeRequestFn { function }
}

/// The writer that [`encode_request_fn`] makes.
#[derive(Clone, Copy)]
pub struct EncodeRequestFn<F> {
    function: F,
}

impl<F, T, E> EncodeRequest<T> for EncodeRequestFn<F>
where
    F: Fn(T, &mut Draft) -> Result<Body, E> + Clone + Send + Sync + 'static,
    E: Into<Error>,
{
    fn encode(&self, message: T, draft: &mut Draft) -> Result<Body, Error> {
        (self.function)(message, draft).map_err(Into::into)
    }

    // It may; what it leaves out is found when it is called.
    fn fills_path(&self) -> bool {
        true
    }
}

impl<F> fmt::Debug for EncodeRequestFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodeRequestFn")
    }
}

/// Reads replies with a function of the head, the body, and the limit for the body in bytes ([`Body::read`] keeps to it).
///
/// ```
/// use towerkit_endpoint::Error;
/// use towerkit_transport_http::codec::decode_response_fn;
///
/// let length = decode_response_fn(|_, body, limit| async move {
///     Ok::<_, Error>(body.read(limit).await.map_err(Error::internal)?.len())
/// });
/// # let _ = length;
/// ```
pub const fn decode_response_fn<F, Fut, R, E>(function: F) -> DecodeResponseFn<F>
where
    F: Fn(&mut response::Parts, Body, usize) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    E: Into<Error>,
{
    DecodeResponseFn { function }
}

/// The reader that [`decode_response_fn`] makes.
#[derive(Clone, Copy)]
pub struct DecodeResponseFn<F> {
    function: F,
}

impl<F, Fut, R, E> DecodeResponse<R> for DecodeResponseFn<F>
where
    F: Fn(&mut response::Parts, Body, usize) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<R, E>> + Send,
    E: Into<Error>,
{
    async fn decode(&self, parts: &mut response::Parts, body: Body, limit: usize) -> Result<R, Error> {
        (self.function)(parts, body, limit).await.map_err(Into::into)
    }
}

impl<F> fmt::Debug for DecodeResponseFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecodeResponseFn")
    }
}
