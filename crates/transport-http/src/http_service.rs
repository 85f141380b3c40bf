use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;
use towerkit_endpoint::BoxError;

use crate::Body;

/// What a [`Router`](crate::Router) has at a route: a Tower HTTP service that can't fail.
///
/// It is a name for bounds, and nobody implements it by hand: a [`Server`](crate::Server), a router of ours or of axum, and
/// what stands under tower-http's layers are such services.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be mounted at a route",
    note = "a route has a `tower::Service<http::Request<Body>>` whose error is `Infallible`, and which is `Clone + Send + Sync`",
    note = "an endpoint becomes one by `Server::json`, `Server::query` or `Server::new`; its message and its reply must suit the codecs"
)]
pub trait HttpService:
    Service<Request<Body>, Response = Response<Self::ReplyBody>, Error = Infallible, Future = Self::Call>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The body of its replies.
    type ReplyBody: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static;
    /// A call under way.
    type Call: Future<Output = Result<Response<Self::ReplyBody>, Infallible>> + Send + 'static;
}

impl<S, B> HttpService for S
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type ReplyBody = B;
    type Call = S::Future;
}
