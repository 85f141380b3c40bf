use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;
use towerkit_endpoint::BoxError;

/// What carries the calls of a [`Client`](crate::Client) to a service: a Tower service over `http::Request<tonic::body::Body>`.
///
/// It is a name for bounds, and nobody implements it by hand: tonic's `Channel`, a [`PoolChannel`](crate::PoolChannel), both under layers, and
/// [`Routes`](crate::Routes) in the same process are channels.
///
/// ```
/// use towerkit_transport_grpc::{Channel, Remote};
///
/// fn client(remote: &Remote<impl Channel>) {
///     // remote.unary(SUM).erased()
///     # let _ = remote;
/// }
/// # client(&Remote::over(towerkit_transport_grpc::Routes::new()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't carry calls of gRPC",
    note = "a channel is a `tower::Service<http::Request<tonic::body::Body>>` that is `Clone + Send + Sync + 'static`",
    note = "its reply is an `http::Response`, and its error must convert into `BoxError`"
)]
pub trait Channel:
    Service<
        Request<tonic::body::Body>,
        Response = Response<Self::ReplyBody>,
        Error = Self::Failure,
        Future = Self::Call,
    > + Clone
    + Send
    + Sync
    + 'static
{
    /// The body of its replies.
    type ReplyBody: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static;
    /// How it fails.
    type Failure: Into<BoxError>;
    /// A call under way; dropping it cancels the call.
    type Call: Future<Output = Result<Response<Self::ReplyBody>, Self::Failure>> + Send + 'static;
}

impl<S, B> Channel for S
where
    S: Service<Request<tonic::body::Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type ReplyBody = B;
    type Failure = S::Error;
    type Call = S::Future;
}
