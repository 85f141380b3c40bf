use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower::util::{Oneshot, ServiceExt};
use tower_service::Service;
use towerkit_endpoint::{BoxError, Code, Error, Exchange, Via};

use super::{PathParams, Route, Router};
use crate::problem::refused;
use crate::server::method_not_allowed;
use crate::{Body, problem_json};

impl<B> Service<Request<B>> for Router
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = RouterFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> RouterFuture {
        let mut request = request.map(Body::new);
        let chosen = self.choose(&mut request).inspect_err(|error| tell(error, &request));
        RouterFuture {
            state: match chosen {
                Ok(route) => State::Routed { call: route.oneshot(request) },
                Err(error) => State::Refused { response: Some(problem_json(&error)) },
            },
        }
    }
}

impl Router {
    fn choose(&self, request: &mut Request<Body>) -> Result<Route, Error> {
        let table = &*self.table;
        let Ok(matched) = table.paths.at(request.uri().path()) else {
            return table.fallback.clone().ok_or_else(|| not_found(request.uri().path()));
        };
        // The index was given by the table itself.
        let routes = table.routes.get(*matched.value).map_or(&[][..], Vec::as_slice);
        let of = |method: &Method| routes.iter().find(|(of, _)| of == method).map(|(_, route)| route.clone());
        let head_is_get = || (request.method() == Method::HEAD).then(|| of(&Method::GET)).flatten();
        let Some(route) = of(request.method()).or_else(head_is_get) else {
            let mut methods: Vec<_> = routes.iter().map(|(method, _)| method.clone()).collect();
            if methods.contains(&Method::GET) && !methods.contains(&Method::HEAD) {
                methods.push(Method::HEAD);
            }
            return Err(method_not_allowed(request.method(), &methods));
        };
        if !matched.params.is_empty() {
            let params = PathParams::decode(&matched.params)?;
            request.extensions_mut().insert(params);
        }
        Ok(route)
    }
}

/// No server is told of it.
#[cold]
fn tell(error: &Error, request: &Request<Body>) {
    if let Some(handlers) = request.body().error_handlers() {
        let path = request.uri().path_and_query().cloned();
        let via = path.map(|path| Via::Http { method: request.method().clone(), path });
        handlers.tell(error, &Exchange::new(via, request.body().peer()));
    }
}

fn not_found(path: &str) -> Error {
    let path: String = path.chars().take(200).collect();
    refused(Code::NotFound, StatusCode::NOT_FOUND, format!("there is nothing at {path}"))
}

pin_project! {
    /// The future of a [`Router`].
    pub struct RouterFuture {
        #[pin]
        state: State,
    }
}

pin_project! {
    #[project = StateProject]
    enum State {
        Routed { #[pin] call: Oneshot<Route, Request<Body>> },
        Refused { response: Option<Response<Body>> },
    }
}

impl Future for RouterFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProject::Routed { call } => call.poll(cx),
            // Polled again after its end it stays pending, as a future that has ended may.
            StateProject::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
        }
    }
}

impl fmt::Debug for RouterFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RouterFuture")
    }
}
