use std::fmt;
use std::future::Future;

use http::Response;
use http::request::Parts;
use towerkit_endpoint::Error;

use super::{DecodeRequest, EncodeResponse};
use crate::Body;

/// Reads requests with a function of the head, the body, and the limit for the body in bytes
/// ([`Body::read`] keeps to it).
///
/// ```
/// use bytes::Bytes;
/// use towerkit_endpoint::Error;
/// use towerkit_transport_http::codec::decode_fn;
///
/// let method_and_body = decode_fn(|parts, body, limit| {
///     let method = parts.method.clone();
///     async move { Ok::<(_, Bytes), Error>((method, body.read(limit).await.map_err(Error::internal)?)) }
/// });
/// # let _ = method_and_body;
/// ```
pub const fn decode_fn<F, Fut, T, E>(function: F) -> DecodeFn<F>
where
    F: Fn(&mut Parts, Body, usize) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: Into<Error>,
{
    DecodeFn { function }
}

/// The reader that [`decode_fn`] makes.
#[derive(Clone, Copy)]
pub struct DecodeFn<F> {
    function: F,
}

impl<F, Fut, T, E> DecodeRequest<T> for DecodeFn<F>
where
    F: Fn(&mut Parts, Body, usize) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
    E: Into<Error>,
{
    async fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> Result<T, Error> {
        (self.function)(parts, body, limit).await.map_err(Into::into)
    }
}

impl<F> fmt::Debug for DecodeFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecodeFn")
    }
}

/// Writes replies with a function.
///
/// ```
/// use http::Response;
/// use towerkit_endpoint::Error;
/// use towerkit_transport_http::Body;
/// use towerkit_transport_http::codec::encode_fn;
///
/// let shout = encode_fn(|reply: String| Ok::<_, Error>(Response::new(Body::from(reply.to_uppercase()))));
/// # let _ = shout;
/// ```
pub const fn encode_fn<F, R, E>(function: F) -> EncodeFn<F>
where
    F: Fn(R) -> Result<Response<Body>, E>,
    E: Into<Error>,
{
    EncodeFn { function }
}

/// The writer that [`encode_fn`] makes.
#[derive(Clone, Copy)]
pub struct EncodeFn<F> {
    function: F,
}

impl<F, R, E> EncodeResponse<R> for EncodeFn<F>
where
    F: Fn(R) -> Result<Response<Body>, E> + Clone + Send + Sync + 'static,
    E: Into<Error>,
{
    fn encode(&self, reply: R) -> Result<Response<Body>, Error> {
        (self.function)(reply).map_err(Into::into)
    }
}

impl<F> fmt::Debug for EncodeFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodeFn")
    }
}
