#[cfg(any(feature = "health", feature = "reflection"))]
mod about;
mod generated;
#[cfg(feature = "health")]
mod health;
#[cfg(feature = "reflection")]
mod reflection;
mod route;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body as HttpBody;
use tonic::server::NamedService;
use tower_service::Service;
use towerkit_endpoint::{BoxError, BoxStream, Code, Endpoint, Error, Exchange, Via};
use towerkit_transport_http::{Body, HttpService};

use crate::codec::Codec;
use crate::convert::{Decode, Encode};
use crate::server::{Call, Head, ReadMany, ReadOne, WriteMany, WriteOne, failed};
use crate::{Method, Server, StreamReply, method, status_of, wire};

use generated::Generated;
pub(crate) use generated::server_stops;
use route::{MethodRoute, Mount, Plain, Route, RouteReply};

/// The methods of gRPC services, as a Tower HTTP service: what [`serve`](crate::serve()) takes, and whatever else takes a
/// `Service<http::Request<_>>` that can't fail, such as axum by `fallback_service`.
///
/// A method is served by an endpoint at its path, or by a service that tonic's generator made; both may stand side by side. An
/// unknown method gets `Unimplemented`. What is no call of gRPC goes to the [`fallback`](Self::fallback), so that one port serves
/// gRPC and HTTP; without one it gets 415, or 405 for a method that is not POST. A call over HTTP/1.1 gets 505.
///
/// It is always ready, and drives the readiness of the chosen method inside the call. Clones share the table.
///
/// ```
/// # mod pb {
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct Name { #[prost(string, tag = "1")] pub name: String }
/// # }
/// use std::time::Duration;
/// use futures_util::StreamExt;
/// use towerkit_endpoint::{BoxStream, Error, endpoint_fn};
/// use towerkit_transport_grpc::{Method, Routes, Server};
/// use towerkit_transport_http::codec::{Empty, Text};
/// use towerkit_transport_http::{Router, Server as HttpServer};
///
/// const GREET: Method<pb::Name, pb::Name> = Method::new("/greeter.Greeter/Greet");
/// const GREET_ALL: Method<pb::Name, pb::Name> = Method::new("/greeter.Greeter/GreetAll");
///
/// let greet = endpoint_fn(|name: pb::Name| async move { Ok::<_, Error>(name) });
/// let greet_all = endpoint_fn(|names: BoxStream<pb::Name>| async move {
///     Ok::<_, Error>(names.map(|name| name)) // a stream is lazy: it answers as the names come
/// });
/// let ping = endpoint_fn(|()| async { Ok::<_, Error>("pong") });
///
/// let routes = Routes::new()
///     .unary(GREET, Server::new(greet))
///     .bidi_streaming(GREET_ALL, Server::new(greet_all))
///     .fallback(Router::new().get("/ping", HttpServer::new(ping, Empty, Text)));
/// # let _ = routes;
/// ```
#[derive(Clone, Default)]
#[must_use = "routes do nothing until they are served"]
pub struct Routes {
    table: Arc<Table>,
}

#[derive(Clone, Default)]
struct Table {
    // By their whole path, and the services of others by their name.
    methods: BTreeMap<&'static str, Arc<dyn Route>>,
    services: BTreeMap<&'static str, Arc<dyn Mount>>,
    fallback: Option<Arc<dyn Mount>>,
    #[cfg(any(feature = "health", feature = "reflection"))]
    about: about::About,
}

impl Routes {
    /// Without methods.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a method of one message in and one message out.
    ///
    /// # Panics
    ///
    /// Where the path is served already: a mistake in the program, found as it starts.
    pub fn unary<E, D, N, Q, P, C, T, K>(self, method: Method<Q, P, C>, server: Server<E, D, N>) -> Self
    where
        Q: Send + 'static,
        P: 'static,
        C: Codec<Q> + Codec<P>,
        T: Send + 'static,
        E: Endpoint<T>,
        D: Decode<Q, T>,
        N: Encode<E::Reply, P, K>,
        K: 'static,
    {
        let path = method.path();
        let codec = method.into_codec();
        let (endpoint, decode, encode, settings) = server.into_parts();
        let (read, write) = (ReadOne::<Q, C, D>::new(codec.clone(), decode), WriteOne::<P, C, N>::new(codec, encode));
        self.add(path, MethodRoute::new(subtype::<C, P>(), Call { endpoint, read, write, settings }))
    }

    /// Adds a method of one message in and a stream of messages out.
    ///
    /// # Panics
    ///
    /// Where the path is served already.
    pub fn server_streaming<E, D, N, Q, P, C, T, K>(self, method: Method<Q, P, C>, server: Server<E, D, N>) -> Self
    where
        Q: Send + 'static,
        P: 'static,
        C: Codec<Q> + Codec<P>,
        T: Send + 'static,
        E: Endpoint<T, Reply: StreamReply<K>>,
        D: Decode<Q, T>,
        N: Encode<<E::Reply as StreamReply<K>>::Value, P>,
        K: 'static,
    {
        let path = method.path();
        let codec = method.into_codec();
        let (endpoint, decode, encode, settings) = server.into_parts();
        let (read, write) = (ReadOne::<Q, C, D>::new(codec.clone(), decode), WriteMany::<P, C, N>::new(codec, encode));
        self.add(path, MethodRoute::new(subtype::<C, P>(), Call { endpoint, read, write, settings }))
    }

    /// Adds a method of a stream of messages in and one message out.
    ///
    /// # Panics
    ///
    /// Where the path is served already.
    pub fn client_streaming<E, D, N, Q, P, C, T, K>(self, method: Method<Q, P, C>, server: Server<E, D, N>) -> Self
    where
        Q: Send + 'static,
        P: 'static,
        C: Codec<Q> + Codec<P>,
        T: Send + 'static,
        E: Endpoint<BoxStream<T>>,
        D: Decode<Q, T>,
        N: Encode<E::Reply, P, K>,
        K: 'static,
    {
        let path = method.path();
        let codec = method.into_codec();
        let (endpoint, decode, encode, settings) = server.into_parts();
        let (read, write) = (ReadMany::<Q, C, D>::new(codec.clone(), decode), WriteOne::<P, C, N>::new(codec, encode));
        self.add(path, MethodRoute::new(subtype::<C, P>(), Call { endpoint, read, write, settings }))
    }

    /// Adds a method of a stream of messages in and a stream of messages out.
    ///
    /// # Panics
    ///
    /// Where the path is served already.
    pub fn bidi_streaming<E, D, N, Q, P, C, T, K>(self, method: Method<Q, P, C>, server: Server<E, D, N>) -> Self
    where
        Q: Send + 'static,
        P: 'static,
        C: Codec<Q> + Codec<P>,
        T: Send + 'static,
        E: Endpoint<BoxStream<T>, Reply: StreamReply<K>>,
        D: Decode<Q, T>,
        N: Encode<<E::Reply as StreamReply<K>>::Value, P>,
        K: 'static,
    {
        let path = method.path();
        let codec = method.into_codec();
        let (endpoint, decode, encode, settings) = server.into_parts();
        let read = ReadMany::<Q, C, D>::new(codec.clone(), decode);
        let write = WriteMany::<P, C, N>::new(codec, encode);
        self.add(path, MethodRoute::new(subtype::<C, P>(), Call { endpoint, read, write, settings }))
    }

    /// Adds a service that tonic's generator made, such as `AddServer::new(rpc)`. It finds the peer where tonic puts it:
    /// `request.remote_addr()`. Its limits and its compression are its own. Its streams too end with `Unavailable` when the server stops.
    ///
    /// # Panics
    ///
    /// Where a service of this name is there already.
    pub fn service<S: HttpService + NamedService>(mut self, service: S) -> Self {
        let taken = self.table().services.insert(S::NAME, Arc::new(Generated(service))).is_some();
        assert!(!taken, "the service {} is there already", S::NAME);
        self
    }

    /// What answers requests that are no calls of gRPC: a [`Router`](towerkit_transport_http::Router) of the same port.
    pub fn fallback(mut self, service: impl HttpService) -> Self {
        self.table().fallback = Some(Arc::new(Plain(service)));
        self
    }

    /// The names of the services that have a method here, in order.
    #[must_use]
    pub fn services(&self) -> Vec<&'static str> {
        self.table.names()
    }

    /// To be changed.
    fn table(&mut self) -> &mut Table {
        let table = Arc::make_mut(&mut self.table);
        #[cfg(any(feature = "health", feature = "reflection"))]
        table.about.changed();
        table
    }

    #[expect(clippy::panic, reason = "methods are written by the programmer and added at start")]
    fn add(mut self, path: &'static str, route: impl Route) -> Self {
        match self.table().methods.entry(path) {
            Entry::Vacant(free) => free.insert(Arc::new(route)),
            Entry::Occupied(_) => panic!("{path} is served already"),
        };
        self
    }
}

/// What stands behind `application/grpc+` for a codec.
const fn subtype<C: Codec<M>, M>() -> &'static str {
    C::SUBTYPE
}

impl Table {
    fn names(&self) -> Vec<&'static str> {
        let methods = self.methods.keys().filter_map(|path| method::split(path)).map(|(service, _)| service);
        let names = methods.chain(self.services.keys().copied());
        #[cfg(any(feature = "health", feature = "reflection"))]
        let names = names.chain(self.about.names());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn answer(&self, request: Request<Body>) -> RouteReply {
        let Some(subtype) = wire::subtype(request.headers()) else {
            return match &self.fallback {
                Some(fallback) => fallback.call(request),
                None => ready(no_grpc(&request)),
            };
        };
        if request.method() != http::Method::POST {
            return ready(no_grpc(&request));
        }
        // Straight off the network, that is: tonic-web calls over HTTP/1.1 as well, and puts the trailers in the body.
        if request.version() < Version::HTTP_2 && request.body().peer().is_some() {
            return ready(not_http2(&request));
        }
        let path = request.uri().path();
        if let Some(route) = self.methods.get(path) {
            if !subtype.is_empty() && subtype != route.subtype() {
                let message = format!("messages are written as {} here", route.subtype());
                return ready(refused(&request, message));
            }
            let (parts, body) = request.into_parts();
            return route.call(parts, body);
        }
        let name = method::split(path).map(|(service, _)| service);
        if let Some(service) = name.and_then(|name| self.services.get(name)) {
            return service.call(request);
        }
        #[cfg(any(feature = "health", feature = "reflection"))]
        if self.about.names().any(|of| name == Some(of)) {
            return self.about.routes(|| self.names()).table.answer(request);
        }
        let path: String = path.chars().take(100).collect();
        ready(refused(&request, format!("there is no method {path} here")))
    }
}

fn ready(response: Response<Body>) -> RouteReply {
    RouteReply::new(std::future::ready(response))
}

/// `Unimplemented`.
fn refused(request: &Request<Body>, message: String) -> Response<Body> {
    let error = Error::new(Code::Unimplemented, message);
    tell(&error, request);
    failed(&status_of(&error), wire::content_type_of(request.headers()), Head::default())
}

/// The status of a call stands in trailers, which clients of HTTP/1.1 do not read.
fn not_http2(request: &Request<Body>) -> Response<Body> {
    let error = Error::new(Code::Unimplemented, "gRPC is spoken over HTTP/2");
    tell(&error, request);
    let mut response = Response::new(Body::from(format!("{error}\n")));
    *response.status_mut() = StatusCode::HTTP_VERSION_NOT_SUPPORTED;
    response
}

/// "gRPC over HTTP2": a request of another media type gets 415.
fn no_grpc(request: &Request<Body>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    if request.method() == http::Method::POST {
        tell(&Error::new(Code::InvalidArgument, "it is of no media type of gRPC"), request);
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        response.headers_mut().insert(header::ACCEPT, wire::GRPC);
    } else {
        tell(&Error::new(Code::Unimplemented, "gRPC is called by POST"), request);
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// No server is told of it.
fn tell(error: &Error, request: &Request<Body>) {
    if let Some(handlers) = request.body().error_handlers() {
        let path = request.uri().path_and_query().cloned();
        let via = match wire::subtype(request.headers()) {
            Some(_) => Some(Via::Grpc { path }),
            None => path.map(|path| Via::Http { method: request.method().clone(), path }),
        };
        handlers.tell(error, &Exchange::new(via, request.body().peer()));
    }
}

impl<B> Service<Request<B>> for Routes
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = RoutesFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> RoutesFuture {
        RoutesFuture(Stage::Arrived { request: Some(request.map(Body::new)), table: self.table.clone() })
    }
}

/// The future of [`Routes`]. Dropping it cancels the call.
pub struct RoutesFuture(Stage);

#[expect(clippy::large_enum_variant, reason = "the request is to be in no box")]
enum Stage {
    // The boxes of a call are made when it is first polled, and mostly freed in the same poll: those of the next call are then made of
    // the same memory, which is warm. Made as calls arrive, each has memory of its own.
    Arrived { request: Option<Request<Body>>, table: Arc<Table> },
    Answered(RouteReply),
}

impl Future for RoutesFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let stage = &mut self.0;
        if let Stage::Arrived { request, table } = stage
            && let Some(request) = request.take()
        {
            *stage = Stage::Answered(table.answer(request));
        }
        match stage {
            Stage::Answered(reply) => Pin::new(reply).poll(cx).map(Ok),
            Stage::Arrived { .. } => Poll::Pending, // it is answered by now
        }
    }
}

impl fmt::Debug for RoutesFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoutesFuture")
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes")
            .field("methods", &self.table.methods.keys())
            .field("services", &self.table.services.keys())
            .finish_non_exhaustive()
    }
}
