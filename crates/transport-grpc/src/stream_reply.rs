use futures_core::Stream;
use towerkit_endpoint::{Error, WithMetadata};

use crate::convert::{Annotated, Plain};

/// A reply that is a stream of messages: any `Stream` of `Result<R, E>`, or one [`WithMetadata`].
///
/// It is a name for bounds, and nobody implements it by hand. `K` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no stream of replies",
    note = "an endpoint that streams answers with a `Stream<Item = Result<R, E>>` that is `Send + 'static`, such as `BoxStream<R>`"
)]
pub trait StreamReply<K>: Send + 'static {
    /// One of the values.
    type Value: Send + 'static;
    /// How the stream fails.
    type Failure: Into<Error> + 'static;
    /// The stream.
    type Values: Stream<Item = Result<Self::Value, Self::Failure>> + Send + 'static;

    /// The stream, and the metadata beside it.
    fn into_stream(self) -> WithMetadata<Self::Values>;
}

impl<S, R, E> StreamReply<Plain> for S
where
    S: Stream<Item = Result<R, E>> + Send + 'static,
    R: Send + 'static,
    E: Into<Error> + 'static,
{
    type Value = R;
    type Failure = E;
    type Values = S;

    fn into_stream(self) -> WithMetadata<S> {
        WithMetadata::new(self)
    }
}

impl<S, R, E> StreamReply<Annotated> for WithMetadata<S>
where
    S: Stream<Item = Result<R, E>> + Send + 'static,
    R: Send + 'static,
    E: Into<Error> + 'static,
{
    type Value = R;
    type Failure = E;
    type Values = S;

    fn into_stream(self) -> Self {
        self
    }
}
