//! Endpoints in a service that tonic's generator made.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use futures_util::future::{self, Either, FutureExt as _, TryFutureExt as _};
use pin_project_lite::pin_project;
use tower::util::ServiceExt as _;
use towerkit_endpoint::{BoxStream, Context, Endpoint, Error, Request, Tail};

use super::decoded::decoded;
use super::incoming::Incoming;
use super::watched::{Watch, Watched};
use super::{Head, Server, Settings};
use crate::convert::{Decode, Encode};
use crate::status::Status;
use crate::{StreamReply, wire};

/// The stream of a reply in a generated service: the type behind its associated type, `type WatchStream = ReplyStream<pb::Event>`.
pub type ReplyStream<P> = Pin<Box<dyn Stream<Item = Result<P, Status>> + Send>>;

type Answer<R> = Pin<Box<dyn Future<Output = Result<R, Status>> + Send>>;

/// The four kinds of methods, as a generated trait has them.
///
/// ```
/// # mod pb {
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct SumRequest { #[prost(int64, tag = "1")] pub a: i64, #[prost(int64, tag = "2")] pub b: i64 }
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct SumReply { #[prost(int64, tag = "1")] pub v: i64 }
/// #     pub mod add_server {
/// #         #[tonic::async_trait]
/// #         pub trait Add: Send + Sync + 'static {
/// #             async fn sum(&self, request: tonic::Request<super::SumRequest>)
/// #                 -> Result<tonic::Response<super::SumReply>, tonic::Status>;
/// #         }
/// #     }
/// # }
/// use towerkit_endpoint::BoxEndpoint;
/// use towerkit_transport_grpc::Server;
///
/// struct Rpc {
///     sum: Server<BoxEndpoint<pb::SumRequest, pb::SumReply>>,
/// }
///
/// #[tonic::async_trait]
/// impl pb::add_server::Add for Rpc {
///     async fn sum(&self, request: tonic::Request<pb::SumRequest>) -> Result<tonic::Response<pb::SumReply>, tonic::Status> {
///         self.sum.unary(request).await
///     }
/// }
/// ```
impl<E, D, N> Server<E, D, N> {
    /// One message in, one message out.
    ///
    /// # Errors
    ///
    /// The status that the caller gets.
    pub fn unary<Q, P, T, K>(
        &self,
        request: tonic::Request<Q>,
    ) -> impl Future<Output = Result<tonic::Response<P>, Status>> + Send + use<E, D, N, Q, P, T, K>
    where
        Q: Send + 'static,
        T: Send + 'static,
        E: Endpoint<T>,
        D: Decode<Q, T>,
        N: Encode<E::Reply, P, K>,
    {
        let (incoming, context, message) = Incoming::of(&self.settings, request);
        self.clone().one(incoming, context, |decode| decode.decode(message))
    }

    /// One message in, a stream of messages out.
    ///
    /// # Errors
    ///
    /// The status that the caller gets in place of the stream.
    pub fn server_streaming<Q, P, T, K>(
        &self,
        request: tonic::Request<Q>,
    ) -> impl Future<Output = Result<tonic::Response<ReplyStream<P>>, Status>> + Send + use<E, D, N, Q, P, T, K>
    where
        Q: Send + 'static,
        P: Send + 'static,
        T: Send + 'static,
        E: Endpoint<T, Reply: StreamReply<K>>,
        D: Decode<Q, T>,
        N: Encode<<E::Reply as StreamReply<K>>::Value, P>,
    {
        let (incoming, context, message) = Incoming::of(&self.settings, request);
        self.clone().many(incoming, context, |decode| decode.decode(message))
    }

    /// A stream of messages in, one message out.
    ///
    /// # Errors
    ///
    /// The status that the caller gets.
    pub fn client_streaming<Q, P, T, K>(
        &self,
        request: tonic::Request<tonic::Streaming<Q>>,
    ) -> impl Future<Output = Result<tonic::Response<P>, Status>> + Send + use<E, D, N, Q, P, T, K>
    where
        Q: Send + 'static,
        T: Send + 'static,
        E: Endpoint<BoxStream<T>>,
        D: Decode<Q, T>,
        N: Encode<E::Reply, P, K>,
        P: 'static,
        K: 'static,
    {
        let (incoming, context, messages) = Incoming::of(&self.settings, request);
        self.clone().one_boxed(incoming, context, |decode| Ok(decoded(messages, decode)))
    }

    /// A stream of messages in, a stream of messages out.
    ///
    /// # Errors
    ///
    /// The status that the caller gets in place of the stream.
    pub fn bidi_streaming<Q, P, T, K>(
        &self,
        request: tonic::Request<tonic::Streaming<Q>>,
    ) -> impl Future<Output = Result<tonic::Response<ReplyStream<P>>, Status>> + Send + use<E, D, N, Q, P, T, K>
    where
        Q: Send + 'static,
        P: Send + 'static,
        T: Send + 'static,
        E: Endpoint<BoxStream<T>, Reply: StreamReply<K>>,
        D: Decode<Q, T>,
        N: Encode<<E::Reply as StreamReply<K>>::Value, P>,
        K: 'static,
    {
        let (incoming, context, messages) = Incoming::of(&self.settings, request);
        self.clone().many_boxed(incoming, context, |decode| Ok(decoded(messages, decode)))
    }

    // Of a future with `BoxStream<T>` in it rustc can't see that it is `Send` (rust-lang/rust#100013), and of one with any `T` it can.
    fn one_boxed<T, P, K>(
        self,
        incoming: Incoming,
        context: Context,
        message: impl FnOnce(D) -> Result<T, Error> + Send + 'static,
    ) -> Answer<tonic::Response<P>>
    where
        T: Send + 'static,
        P: 'static,
        E: Endpoint<T>,
        D: Send + 'static,
        N: Encode<E::Reply, P, K>,
        K: 'static,
    {
        Box::pin(self.one(incoming, context, message))
    }

    fn many_boxed<T, P, K>(
        self,
        incoming: Incoming,
        context: Context,
        message: impl FnOnce(D) -> Result<T, Error> + Send + 'static,
    ) -> Answer<tonic::Response<ReplyStream<P>>>
    where
        T: Send + 'static,
        P: Send + 'static,
        E: Endpoint<T, Reply: StreamReply<K>>,
        D: Send + 'static,
        N: Encode<<E::Reply as StreamReply<K>>::Value, P>,
        K: 'static,
    {
        Box::pin(self.many(incoming, context, message))
    }

    // No async functions: those keep their arguments twice, and the context is large.
    fn one<T, P, K>(
        self,
        mut incoming: Incoming,
        context: Context,
        message: impl FnOnce(D) -> Result<T, Error> + Send,
    ) -> impl Future<Output = Result<tonic::Response<P>, Status>> + Send
    where
        T: Send + 'static,
        E: Endpoint<T>,
        D: Send,
        N: Encode<E::Reply, P, K>,
    {
        let (endpoint, decode, encode, settings) = self.into_parts();
        let called = move |_: &mut TaskContext<'_>| {
            let reply = call(endpoint, &settings, context, None, || message(decode), &mut incoming);
            reply.map(move |reply| {
                let result = reply.and_then(|reply| encode.encode(reply));
                if let Some(finalizer) = &mut incoming.finalizer {
                    finalizer.end(result.as_ref().err().map(Error::code));
                    if result.is_ok() {
                        finalizer.message();
                    }
                }
                match result {
                    Ok(reply) => {
                        let (message, headers, trailers, _) = reply.into_parts();
                        Ok(incoming.respond(&settings, message, Head { headers, trailers }))
                    }
                    Err(error) => Err(incoming.fail(&settings, error)),
                }
            })
        };
        future::lazy(called).flatten()
    }

    fn many<T, P, K>(
        self,
        mut incoming: Incoming,
        context: Context,
        message: impl FnOnce(D) -> Result<T, Error> + Send,
    ) -> impl Future<Output = Result<tonic::Response<ReplyStream<P>>, Status>> + Send
    where
        T: Send + 'static,
        P: Send + 'static,
        E: Endpoint<T, Reply: StreamReply<K>>,
        D: Send,
        N: Encode<<E::Reply as StreamReply<K>>::Value, P>,
    {
        let (endpoint, decode, encode, settings) = self.into_parts();
        let called = move |_: &mut TaskContext<'_>| {
            let tail = Tail::new();
            let reply = call(endpoint, &settings, context, Some(tail.clone()), || message(decode), &mut incoming);
            reply.map(move |reply| match reply {
                Ok(reply) => {
                    let (stream, headers, trailers, _) = reply.into_stream().into_parts();
                    let watch = Watch {
                        settings: settings.clone(),
                        heard: incoming.heard.take(),
                        tail,
                        // `Routes` see to that, for services of any make.
                        stop: None,
                        finalizer: incoming.finalizer.take(),
                    };
                    let stream = Watched::new(stream, watch);
                    let stream: ReplyStream<P> = Box::pin(Messages { stream, encode, message: PhantomData });
                    Ok(incoming.respond(&settings, stream, Head { headers, trailers }))
                }
                Err(error) => {
                    if let Some(finalizer) = &mut incoming.finalizer {
                        finalizer.end(Some(error.code()));
                    }
                    Err(incoming.fail(&settings, error))
                }
            })
        };
        future::lazy(called).flatten()
    }
}

/// From the context to the endpoint's reply.
fn call<E, T, M>(
    endpoint: E,
    settings: &Settings,
    mut context: Context,
    tail: Option<Tail>,
    message: M,
    incoming: &mut Incoming,
) -> impl Future<Output = Result<E::Reply, Error>> + Send + use<E, T, M>
where
    M: FnOnce() -> Result<T, Error>,
    T: Send + 'static,
    E: Endpoint<T>,
{
    let accepted = wire::accept_timeout(&mut context).and_then(|()| settings.hooks.run_before(&mut context));
    match accepted.and_then(|()| message()) {
        Ok(message) => {
            if let Some(tail) = tail {
                context.set_tail(tail);
            }
            incoming.reached_endpoint();
            Either::Left(endpoint.oneshot(Request::with_context(context, message)).err_into())
        }
        Err(error) => Either::Right(future::ready(Err(error))),
    }
}

pin_project! {
    /// The stream of a reply, as the messages that tonic writes.
    struct Messages<S, N, P> {
        #[pin]
        stream: Watched<S>,
        encode: N,
        message: PhantomData<fn() -> P>,
    }
}

impl<S, N, P, R, F> Stream for Messages<S, N, P>
where
    S: Stream<Item = Result<R, F>>,
    F: Into<Error>,
    N: Encode<R, P>,
{
    type Item = Result<P, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let encode = &*this.encode;
        this.stream.poll_message(cx, |reply| Ok(encode.encode(reply)?.into_parts().0))
    }
}
