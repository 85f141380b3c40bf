//! A service of the form in which tonic generates them, by hand.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic_prost::ProstCodec;
use tower::service_fn;
use tower_service::Service;
use towerkit_endpoint::{BoxEndpoint, BoxError, BoxStream};
use towerkit_transport_grpc::Server;

use crate::site::{Number, Text};

#[derive(Clone)]
pub(crate) struct Generated {
    pub(crate) shout: Server<BoxEndpoint<Text, Text>>,
    pub(crate) count: Server<BoxEndpoint<Number, BoxStream<Number>>>,
    pub(crate) join: Server<BoxEndpoint<BoxStream<Text>, Text>>,
    pub(crate) shout_each: Server<BoxEndpoint<BoxStream<Text>, BoxStream<Text>>>,
}

impl NamedService for Generated {
    const NAME: &'static str = "test.Texts";
}

impl<B> Service<http::Request<B>> for Generated
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let mut texts = Grpc::new(ProstCodec::<Text, Text>::default());
            Ok(match request.uri().path() {
                "/test.Texts/Shout" => {
                    let shout = with(this.shout, |shout, request| Box::pin(async move { shout.unary(request).await }));
                    texts.unary(service_fn(shout), request).await
                }
                "/test.Texts/Count" => {
                    let count = with(this.count, |count, request| {
                        Box::pin(async move { count.server_streaming(request).await })
                    });
                    Grpc::new(ProstCodec::<Number, Number>::default())
                        .server_streaming(service_fn(count), request)
                        .await
                }
                "/test.Texts/Join" => {
                    let join =
                        with(this.join, |join, request| Box::pin(async move { join.client_streaming(request).await }));
                    texts.client_streaming(service_fn(join), request).await
                }
                "/test.Texts/ShoutEach" => {
                    let each = with(this.shout_each, |each, request| {
                        Box::pin(async move { each.bidi_streaming(request).await })
                    });
                    texts.streaming(service_fn(each), request).await
                }
                _ => tonic::Status::unimplemented("").into_http(),
            })
        })
    }
}

type Answer<P> = Pin<Box<dyn Future<Output = Result<tonic::Response<P>, tonic::Status>> + Send>>;

/// A function of the request alone, in a box as generated code has it.
fn with<S: Clone, Q, P>(
    server: S,
    call: impl Fn(S, tonic::Request<Q>) -> Answer<P>,
) -> impl FnMut(tonic::Request<Q>) -> Answer<P> {
    move |request| call(server.clone(), request)
}
