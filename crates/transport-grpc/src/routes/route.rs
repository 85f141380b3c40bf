use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response, request};
use tower::util::ServiceExt;
use towerkit_endpoint::Endpoint;
use towerkit_transport_http::{Body, HttpService};

use super::generated::Answering;
use crate::server::{Call, ReadRequest, WriteReply};

/// What answers the calls of one method.
pub(super) trait Route: Send + Sync + 'static {
    /// What stands behind `application/grpc+` in the media type.
    fn subtype(&self) -> &'static str;

    fn call(&self, parts: request::Parts, body: Body) -> RouteReply;
}

/// A call under way.
pub(super) enum RouteReply {
    Boxed(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
    Generated(Answering),
}

impl RouteReply {
    pub(super) fn new(reply: impl Future<Output = Response<Body>> + Send + 'static) -> Self {
        Self::Boxed(Box::pin(reply))
    }
}

impl Future for RouteReply {
    type Output = Response<Body>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        match &mut *self {
            Self::Boxed(reply) => reply.as_mut().poll(cx),
            Self::Generated(reply) => reply.poll(cx),
        }
    }
}

/// An endpoint, and how its messages are read and written.
pub(super) struct MethodRoute<E, I, O, T, K> {
    subtype: &'static str,
    call: Call<E, I, O>,
    types: PhantomData<fn(T) -> K>,
}

impl<E, I, O, T, K> MethodRoute<E, I, O, T, K> {
    pub(super) const fn new(subtype: &'static str, call: Call<E, I, O>) -> Self {
        Self { subtype, call, types: PhantomData }
    }
}

impl<E, I, O, T, K> Route for MethodRoute<E, I, O, T, K>
where
    T: Send + 'static,
    K: 'static,
    E: Endpoint<T>,
    I: ReadRequest<T>,
    O: WriteReply<E::Reply, K>,
{
    fn subtype(&self) -> &'static str {
        self.subtype
    }

    fn call(&self, parts: request::Parts, body: Body) -> RouteReply {
        RouteReply::new(self.call.clone().run::<T, K>(parts, body))
    }
}

/// A service, as it is called.
pub(super) trait Mount: Send + Sync + 'static {
    fn call(&self, request: Request<Body>) -> RouteReply;
}

/// One that is called as it is.
pub(super) struct Plain<S>(pub(super) S);

impl<S: HttpService> Mount for Plain<S> {
    fn call(&self, request: Request<Body>) -> RouteReply {
        let call = self.0.clone().oneshot(request);
        RouteReply::new(
            async move { call.await.map_or_else(|never| match never {}, |response| response.map(Body::new)) },
        )
    }
}
