use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::mem::take;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as HttpBody;
use tower::util::ServiceExt;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Code, Context, Endpoint, Error, Tail};

use super::finalizer::Finalizer;
use super::{Heard, Server, Settings, via};
use crate::Body;
use crate::body::Tailed;
use crate::codec::{DecodeRequest, EncodeResponse};
use crate::problem::refused;

impl<E, D, N, T, M, B> Service<Request<B>> for Server<E, D, N, T, M>
where
    T: Send + 'static,
    M: 'static,
    E: Endpoint<T>,
    D: DecodeRequest<T>,
    N: EncodeResponse<E::Reply, M>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ServerFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (endpoint, settings) = (self.endpoint.clone(), self.settings.clone());
        let (parts, body) = request.into_parts();
        let body = Body::new(body);
        ServerFuture(Box::pin(exchange::<E, D, N, T, M>(endpoint, settings, parts, body)))
    }
}

/// The future of a [`Server`]. Dropping it cancels the endpoint's call.
pub struct ServerFuture(Pin<Box<dyn Future<Output = Response<Body>> + Send>>);

impl Future for ServerFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for ServerFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerFuture")
    }
}

/// One request and its reply: the order of events, and what happens when one of them fails.
async fn exchange<E, D, N, T, M>(
    endpoint: E,
    settings: Arc<Settings<D, N>>,
    mut parts: Parts,
    body: Body,
) -> Response<Body>
where
    T: Send + 'static,
    E: Endpoint<T>,
    D: DecodeRequest<T>,
    N: EncodeResponse<E::Reply, M>,
{
    let mut finalizer = Finalizer::start(&settings.finalize, &parts, &body);
    let mut heard = Heard::of(&settings.on_error, &parts, &body);
    let context =
        (!settings.after.is_empty()).then(|| Context::from_parts(parts.headers.clone(), parts.extensions.clone()));

    let tail = N::STREAMS.then(Tail::new);
    let reached_endpoint = || {
        if let Some(finalizer) = &mut finalizer {
            finalizer.reached_endpoint();
        }
        if let Some(heard) = &mut heard {
            heard.exchange.reached_endpoint = true;
        }
    };
    let result = answer::<E, D, N, T, M>(endpoint, &settings, &mut parts, body, tail.clone(), reached_endpoint).await;

    let result = match tail {
        Some(tail) => result.map(|response| watch_stream(response, tail, &settings, heard.clone())),
        None => result,
    };
    let code = result.as_ref().err().map(Error::code);
    let mut response = result.unwrap_or_else(|error| {
        if let Some(heard) = &heard {
            heard.tell(&settings.on_error, &error);
        }
        (settings.error_encoder)(&error)
    });
    if let Some(context) = &context {
        let (mut parts, body) = response.into_parts();
        settings.after.iter().for_each(|hook| hook(context, &mut parts));
        response = Response::from_parts(parts, body);
    }
    match finalizer {
        Some(finalizer) => finalizer.watch(response, code),
        None => response,
    }
}

/// From the request to a good reply, or the first error.
async fn answer<E, D, N, T, M>(
    endpoint: E,
    settings: &Settings<D, N>,
    parts: &mut Parts,
    body: Body,
    tail: Option<Tail>,
    reached_endpoint: impl FnOnce() + Send,
) -> Result<Response<Body>, Error>
where
    T: Send + 'static,
    E: Endpoint<T>,
    D: DecodeRequest<T>,
    N: EncodeResponse<E::Reply, M>,
{
    if let Some(methods) = &settings.methods
        && !methods.contains(&parts.method)
    {
        return Err(method_not_allowed(&parts.method, methods));
    }
    let peer = body.peer();
    let identity = body.peer_identity().cloned();
    for hook in &settings.before {
        hook(parts)?;
    }
    let message = settings.decode.decode(parts, body, settings.request_limit).await?;
    let mut context = Context::from_parts(take(&mut parts.headers), take(&mut parts.extensions));
    context.set_peer(peer);
    context.set_via(via(parts));
    if let Some(identity) = identity {
        context.insert(identity);
    }
    context.accept_timeout()?;
    if let Some(tail) = tail {
        context.set_tail(tail);
    }
    let request = towerkit_endpoint::Request::with_context(context, message);
    reached_endpoint();
    let reply = endpoint.oneshot(request).await.map_err(Into::into)?;
    settings.encode.encode(reply)
}

/// A reply that is a stream: its tail is told how it ends, and so are the handlers of errors.
fn watch_stream<D, N>(
    response: Response<Body>,
    tail: Tail,
    settings: &Settings<D, N>,
    heard: Option<Heard>,
) -> Response<Body> {
    let own = settings.on_error.clone();
    response.map(|body| {
        let tailed = Tailed::new(body, tail, None, Code::Internal);
        Body::new(match heard {
            Some(heard) => tailed.on_error(move |error| heard.tell(&own, error)),
            None => tailed,
        })
    })
}

/// 405, with the methods there are.
pub(crate) fn method_not_allowed(given: &Method, allowed: &[Method]) -> Error {
    let list = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let given: String = given.as_str().chars().take(40).collect();
    let are = if allowed.len() == 1 { "is" } else { "are" };
    let message = format!("{given} is not allowed here, {list} {are}");
    let error = refused(Code::Unimplemented, StatusCode::METHOD_NOT_ALLOWED, message);
    match HeaderValue::try_from(list) {
        Ok(list) => error.with_metadata(header::ALLOW, list),
        Err(_) => error,
    }
}
