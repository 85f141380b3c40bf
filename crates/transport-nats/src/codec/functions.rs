use std::fmt;

use bytes::Bytes;
use towerkit_endpoint::{Context, Error, Metadata};

use super::{DecodeRequest, DecodeResponse, EncodeRequest, EncodeResponse};
use crate::Reply;

macro_rules! function {
    ($(#[$docs:meta])* $make:ident, $(#[$type_docs:meta])* $name:ident) => {
        $(#[$docs])*
        pub const fn $make<F>(function: F) -> $name<F> {
            $name { function }
        }

        $(#[$type_docs])*
        #[derive(Clone, Copy)]
        pub struct $name<F> {
            function: F,
        }

        impl<F> fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

function! {
    /// Reads requests with a function, `Fn(&mut Context, Bytes) -> Result<T, E>`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use towerkit_endpoint::{Context, Error};
    /// use towerkit_transport_nats::Matched;
    /// use towerkit_transport_nats::codec::decode_fn;
    ///
    /// // On `orders.*.created`: which order, and what was sent.
    /// let order = decode_fn(|context: &mut Context, payload: Bytes| {
    ///     let id = context.get::<Matched>().and_then(|matched| matched.get(0)).unwrap_or_default().to_owned();
    ///     Ok::<_, Error>((id, payload))
    /// });
    /// # let _ = order;
    /// ```
    decode_fn,
    /// The reader that [`decode_fn`] makes.
    DecodeFn
}

function! {
    /// Writes replies with a function, `Fn(R) -> Result<Reply, E>`.
    encode_fn,
    /// The writer that [`encode_fn`] makes.
    EncodeFn
}

function! {
    /// Writes requests with a function, `Fn(T, &mut Metadata) -> Result<Bytes, E>`.
    encode_request_fn,
    /// The writer that [`encode_request_fn`] makes.
    EncodeRequestFn
}

function! {
    /// Reads replies with a function, `Fn(&mut Metadata, Bytes) -> Result<R, E>`.
    decode_response_fn,
    /// The reader that [`decode_response_fn`] makes.
    DecodeResponseFn
}

impl<F, T, E> DecodeRequest<T> for DecodeFn<F>
where
    F: Fn(&mut Context, Bytes) -> Result<T, E> + Clone + Send + Sync + 'static,
    E: Into<Error>,
{
    fn decode(&self, context: &mut Context, payload: Bytes) -> Result<T, Error> {
        (self.function)(context, payload).map_err(Into::into)
    }
}

impl<F, R, E> EncodeResponse<R> for EncodeFn<F>
where
    F: Fn(R) -> Result<Reply, E> + Clone + Send + Sync + 'static,
    E: Into<Error>,
{
    fn encode(&self, reply: R) -> Result<Reply, Error> {
        (self.function)(reply).map_err(Into::into)
    }
}

impl<F, T, E> EncodeRequest<T> for EncodeRequestFn<F>
where
    F: Fn(T, &mut Metadata) -> Result<Bytes, E> + Clone + Send + Sync + 'static,
    E: Into<Error>,
{
    fn encode(&self, message: T, headers: &mut Metadata) -> Result<Bytes, Error> {
        (self.function)(message, headers).map_err(Into::into)
    }
}

impl<F, R, E> DecodeResponse<R> for DecodeResponseFn<F>
where
    F: Fn(&mut Metadata, Bytes) -> Result<R, E> + Clone + Send + Sync + 'static,
    E: Into<Error>,
{
    fn decode(&self, headers: &mut Metadata, payload: Bytes) -> Result<R, Error> {
        (self.function)(headers, payload).map_err(Into::into)
    }
}
