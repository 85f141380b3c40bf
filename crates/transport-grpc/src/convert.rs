//! Between the messages on the wire and those of the domain.
//!
//! By default the standard library's traits say it, and a message that is the domain's own needs nothing; a function says it where the types are
//! another crate's, or where the one of a single method differs.
//!
//! ```
//! # mod pb {
//! #     #[derive(Clone, PartialEq, prost::Message)]
//! #     pub struct SumRequest { #[prost(int64, tag = "1")] pub a: i64, #[prost(int64, tag = "2")] pub b: i64 }
//! #     #[derive(Clone, PartialEq, prost::Message)]
//! #     pub struct SumReply { #[prost(int64, tag = "1")] pub v: i64 }
//! # }
//! use towerkit_endpoint::{Error, endpoint_fn};
//! use towerkit_transport_grpc::{Method, Routes, Server};
//!
//! const SUM: Method<pb::SumRequest, pb::SumReply> = Method::new("/pb.Add/Sum");
//!
//! struct Positive(i64, i64);
//!
//! impl TryFrom<pb::SumRequest> for Positive {
//!     type Error = Error;
//!
//!     fn try_from(pb::SumRequest { a, b }: pb::SumRequest) -> Result<Self, Error> {
//!         if a < 0 { Err(Error::invalid("a", "is negative")) } else { Ok(Self(a, b)) }
//!     }
//! }
//!
//! let sum = endpoint_fn(|Positive(a, b)| async move { Ok::<_, Error>(a + b) });
//! let routes = Routes::new().unary(SUM, Server::new(sum).encode(|v: i64| pb::SumReply { v }));
//! # let _ = routes;
//! ```

use std::fmt;

use towerkit_endpoint::{Error, WithMetadata};

/// Makes the domain's value of a message that came.
///
/// [`Convert`] does it by [`TryFrom`], so that a value that is the message itself needs nothing; `decode` and `try_decode` of a
/// [`Server`](crate::Server) and of a [`Client`](crate::Client) take a function.
#[diagnostic::on_unimplemented(
    message = "no `{T}` can be made of the message `{M}` by `{Self}`",
    note = "implement `From<{M}>` or `TryFrom<{M}>` for it, or give a function by `decode`"
)]
pub trait Decode<M, T>: Clone + Send + Sync + 'static {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// Where the message is not valid. To a server's caller [`Error::invalid`] names the field; to a client's caller an error goes as it is,
    /// so that a reply which the service should not have sent is `Internal`.
    fn decode(&self, message: M) -> Result<T, Error>;
}

/// Makes the message that goes out of the domain's value.
///
/// [`Convert`] does it by [`From`]; [`Server::encode`](crate::Server::encode) and [`Client::encode`](crate::Client::encode) take a
/// function. `K` tells a plain value from one that is [`WithMetadata`]; it is inferred, and no user writes it.
#[diagnostic::on_unimplemented(
    message = "no message `{M}` can be made of `{T}` by `{Self}`",
    note = "implement `From<{T}>` for it, or give a function by `encode`"
)]
pub trait Encode<T, M, K = Plain>: Clone + Send + Sync + 'static {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// Where the value has no such message.
    fn encode(&self, value: T) -> Result<WithMetadata<M>, Error>;
}

/// Marks a value that is encoded as it is.
#[derive(Clone, Copy, Debug)]
pub struct Plain(());

/// Marks a value that is [`WithMetadata`].
#[derive(Clone, Copy, Debug)]
pub struct Annotated(());

/// Converts by the standard library's traits: [`TryFrom`] for what comes, [`From`] for what goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Convert;

impl<M, T> Decode<M, T> for Convert
where
    T: TryFrom<M>,
    T::Error: Into<Error>,
{
    fn decode(&self, message: M) -> Result<T, Error> {
        T::try_from(message).map_err(Into::into)
    }
}

impl<T, M: From<T>> Encode<T, M> for Convert {
    fn encode(&self, value: T) -> Result<WithMetadata<M>, Error> {
        Ok(WithMetadata::new(M::from(value)))
    }
}

impl<T, M: From<T>> Encode<WithMetadata<T>, M, Annotated> for Convert {
    fn encode(&self, value: WithMetadata<T>) -> Result<WithMetadata<M>, Error> {
        Ok(value.map(M::from))
    }
}

/// Converts by a function that can't fail.
#[derive(Clone, Copy)]
pub struct ConvertFn<F>(pub(crate) F);

/// Converts by a function that may refuse.
#[derive(Clone, Copy)]
pub struct TryConvertFn<F>(pub(crate) F);

impl<F, M, T> Decode<M, T> for ConvertFn<F>
where
    F: Fn(M) -> T + Clone + Send + Sync + 'static,
{
    fn decode(&self, message: M) -> Result<T, Error> {
        Ok((self.0)(message))
    }
}

impl<F, M, T, E> Decode<M, T> for TryConvertFn<F>
where
    F: Fn(M) -> Result<T, E> + Clone + Send + Sync + 'static,
    E: Into<Error>,
{
    fn decode(&self, message: M) -> Result<T, Error> {
        (self.0)(message).map_err(Into::into)
    }
}

impl<F, T, M> Encode<T, M> for ConvertFn<F>
where
    F: Fn(T) -> M + Clone + Send + Sync + 'static,
{
    fn encode(&self, value: T) -> Result<WithMetadata<M>, Error> {
        Ok(WithMetadata::new((self.0)(value)))
    }
}

impl<F, T, M> Encode<WithMetadata<T>, M, Annotated> for ConvertFn<F>
where
    F: Fn(T) -> M + Clone + Send + Sync + 'static,
{
    fn encode(&self, value: WithMetadata<T>) -> Result<WithMetadata<M>, Error> {
        Ok(value.map(&self.0))
    }
}

impl<F> fmt::Debug for ConvertFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConvertFn")
    }
}

impl<F> fmt::Debug for TryConvertFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryConvertFn")
    }
}
