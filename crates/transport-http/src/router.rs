mod params;
mod service;

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use http::{Method, Request, Response};
use tower::util::{BoxCloneSyncService, ServiceExt};

use crate::{Body, HttpService};

pub use params::PathParams;
pub use service::RouterFuture;

/// Gives each request to the service of its method and path.
///
/// A path's template is literal but for `{name}`, one segment, and `{*name}`, the rest; what matched is read by
/// [`codec::Path`](crate::codec::Path). A literal segment goes before a parameter. An unknown path gets 404, a known one with
/// another method 405 with `allow`; both are problem details. HEAD is answered where GET is. A trailing slash counts.
///
/// Services are any Tower HTTP services that can't fail: [`Server`](crate::Server)s, axum's routers, what stands under
/// tower-http's layers. It is always ready, and drives the readiness of the chosen one inside the call. Clones share the
/// table.
///
/// ```
/// use http::{Request, StatusCode};
/// use tower::ServiceExt;
/// use towerkit_endpoint::{Error, endpoint_fn};
/// use towerkit_transport_http::codec::{Empty, Text};
/// use towerkit_transport_http::{Body, Router, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let ping = endpoint_fn(|()| async { Ok::<_, Error>("pong") });
/// let router = Router::new().get("/ping", Server::new(ping, Empty, Text));
///
/// let status = |method: &'static str, path: &'static str| {
///     let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
///     let router = router.clone();
///     async move { router.oneshot(request).await.unwrap().status() }
/// };
/// assert_eq!(status("GET", "/ping").await, StatusCode::OK);
/// assert_eq!(status("GET", "/pong").await, StatusCode::NOT_FOUND);
/// assert_eq!(status("POST", "/ping").await, StatusCode::METHOD_NOT_ALLOWED);
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "a router does nothing until it is served"]
pub struct Router {
    table: Arc<Table>,
}

#[derive(Clone, Default)]
struct Table {
    paths: matchit::Router<usize>,
    // Which of `routes` a template is, while the table is built.
    templates: HashMap<String, usize>,
    routes: Vec<Vec<(Method, Route)>>,
    fallback: Option<Route>,
}

type Route = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

impl Router {
    /// Without routes: every path is unknown.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route.
    ///
    /// # Panics
    ///
    /// Where the template is malformed, conflicts with another, or has a service for this method already: a mistake in the
    /// program, found as it starts.
    #[expect(clippy::panic, reason = "routes are written by the programmer and read at start")]
    pub fn route(mut self, method: Method, template: &str, service: impl HttpService) -> Self {
        let table = Arc::make_mut(&mut self.table);
        let index = match table.templates.get(template) {
            Some(index) => *index,
            None => {
                let index = table.routes.len();
                if let Err(error) = table.paths.insert(template, index) {
                    panic!("the route {template:?} can't be added: {error}");
                }
                table.templates.insert(template.to_owned(), index);
                table.routes.push(Vec::new());
                index
            }
        };
        let routes = &mut table.routes[index];
        assert!(routes.iter().all(|(taken, _)| *taken != method), "{method} {template} has a route already");
        routes.push((method, boxed(service)));
        self
    }

    /// [`route`](Self::route) for GET, and for HEAD.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route) does.
    pub fn get(self, template: &str, service: impl HttpService) -> Self {
        self.route(Method::GET, template, service)
    }

    /// [`route`](Self::route) for POST.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route) does.
    pub fn post(self, template: &str, service: impl HttpService) -> Self {
        self.route(Method::POST, template, service)
    }

    /// [`route`](Self::route) for PUT.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route) does.
    pub fn put(self, template: &str, service: impl HttpService) -> Self {
        self.route(Method::PUT, template, service)
    }

    /// [`route`](Self::route) for PATCH.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route) does.
    pub fn patch(self, template: &str, service: impl HttpService) -> Self {
        self.route(Method::PATCH, template, service)
    }

    /// [`route`](Self::route) for DELETE.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route) does.
    pub fn delete(self, template: &str, service: impl HttpService) -> Self {
        self.route(Method::DELETE, template, service)
    }

    /// What answers an unknown path, in place of 404.
    pub fn fallback(mut self, service: impl HttpService) -> Self {
        Arc::make_mut(&mut self.table).fallback = Some(boxed(service));
        self
    }
}

fn boxed<S: HttpService>(service: S) -> Route {
    BoxCloneSyncService::new(service.map_response(|response: Response<S::ReplyBody>| response.map(Body::new)))
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("templates", &self.table.templates.keys()).finish_non_exhaustive()
    }
}
