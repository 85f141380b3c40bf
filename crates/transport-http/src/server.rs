mod exchange;
mod finalizer;
mod service;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::request::Parts;
use http::{Method, Response, response};
use towerkit_endpoint::{Context, Error, ErrorHandlers, Exchange};

use crate::codec::{Json, Query};
use crate::{Body, problem_json};

pub use exchange::Summary;
pub(crate) use exchange::{Heard, via};
pub use service::ServerFuture;
pub(crate) use service::method_not_allowed;

/// An endpoint as a Tower HTTP service.
///
/// It mounts in a [`Router`](crate::Router), in axum by `route_service`, in [`serve`](crate::serve()), in plain hyper: whatever
/// takes a `Service<http::Request<_>>` that can't fail. Clones share the settings and nothing else. It is always ready: the
/// readiness of the endpoint is awaited inside the call, so a limit that is to shed load stands in the endpoint's stack
/// under tower's `load_shed`.
///
/// # The order of events
///
/// ```text
/// before ─▶ decode ─▶ endpoint ─▶ encode ──────────────┬─▶ after ─▶ finalize
///    │         │          │          │                 │
///    └─────────┴──────────┴──────────┴─▶ on_error ─▶ error_encoder
/// ```
///
/// *before* may refuse, and puts values in the request's extensions, which become the [`Context`]'s. *after* sees the head of
/// every reply, also of a failed one. *finalize* always runs, also when the caller goes away. Hooks of a kind run in the order
/// they were given; a server without hooks pays nothing for them.
///
/// # What it takes from HTTP
///
/// Headers and extensions are moved into the [`Context`]. The `towerkit-timeout` header shortens its deadline, which a
/// [`DeadlineLayer`](towerkit_endpoint::DeadlineLayer) in the stack enforces.
///
/// ```
/// use bytes::Bytes;
/// use http::Request;
/// use http_body_util::{BodyExt, Full};
/// use serde::{Deserialize, Serialize};
/// use tower::ServiceExt;
/// use towerkit_endpoint::{Error, endpoint_fn};
/// use towerkit_transport_http::Server;
///
/// #[derive(Deserialize)]
/// struct Sum {
///     a: i64,
///     b: i64,
/// }
/// #[derive(Serialize)]
/// struct Total {
///     v: i64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let server = Server::json(endpoint_fn(|sum: Sum| async move { Ok::<_, Error>(Total { v: sum.a + sum.b }) }));
///
/// let request = Request::post("/sum")
///     .header("content-type", "application/json")
///     .body(Full::new(Bytes::from_static(br#"{"a":1,"b":2}"#)))
///     .unwrap();
/// let response = server.oneshot(request).await.unwrap();
/// assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), r#"{"v":3}"#);
/// # }
/// ```
pub struct Server<E, D, N, T, M> {
    endpoint: E,
    settings: Arc<Settings<D, N>>,
    // The message that `D` reads, and the mark of how `N` writes: found by inference, never written by a user.
    types: PhantomData<fn(T) -> M>,
}

#[derive(Clone)]
struct Settings<D, N> {
    decode: D,
    encode: N,
    methods: Option<Vec<Method>>,
    request_limit: usize,
    before: Vec<Arc<Before>>,
    after: Vec<Arc<After>>,
    finalize: Vec<Arc<Finalize>>,
    on_error: ErrorHandlers,
    error_encoder: Arc<ErrorEncoder>,
}

type Before = dyn Fn(&mut Parts) -> Result<(), Error> + Send + Sync;
type After = dyn Fn(&Context, &mut response::Parts) + Send + Sync;
type Finalize = dyn Fn(&Summary) + Send + Sync;
type ErrorEncoder = dyn Fn(&Error) -> Response<Body> + Send + Sync;

impl<E, T, M> Server<E, Json, Json, T, M> {
    /// JSON in and JSON out, by POST, PUT or PATCH.
    #[must_use]
    pub fn json(endpoint: E) -> Self {
        Self::new(endpoint, Json, Json).methods([Method::POST, Method::PUT, Method::PATCH])
    }
}

impl<E, T, M> Server<E, Query, Json, T, M> {
    /// The query string in and JSON out, by GET or HEAD.
    #[must_use]
    pub fn query(endpoint: E) -> Self {
        Self::new(endpoint, Query, Json).methods([Method::GET, Method::HEAD])
    }
}

impl<E, D: Clone, N: Clone, T, M> Server<E, D, N, T, M> {
    /// The most bytes that are read of a body, unless [said otherwise](Self::request_limit): 1 MiB.
    pub const DEFAULT_REQUEST_LIMIT: usize = 1 << 20;

    /// With a reader and a writer given apart, by any method.
    #[must_use]
    pub fn new(endpoint: E, decode: D, encode: N) -> Self {
        let settings = Settings {
            decode,
            encode,
            methods: None,
            request_limit: Self::DEFAULT_REQUEST_LIMIT,
            before: Vec::new(),
            after: Vec::new(),
            finalize: Vec::new(),
            on_error: ErrorHandlers::default(),
            error_encoder: Arc::new(problem_json),
        };
        Self { endpoint, settings: Arc::new(settings), types: PhantomData }
    }

    /// The methods it answers; others get 405 with `allow`.
    #[must_use]
    pub fn methods(self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.set(|settings| settings.methods = Some(methods.into_iter().collect()))
    }

    /// The most bytes that are read of a body; one that is longer gets 413.
    #[must_use]
    pub fn request_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.request_limit = bytes)
    }

    /// Adds a hook that sees the head of the request first, and may refuse it.
    #[must_use]
    pub fn before(self, hook: impl Fn(&mut Parts) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.before.push(Arc::new(hook)))
    }

    /// Adds a hook that changes the head of the reply, whatever became of the request. The context is as it came, before any
    /// layer of the stack. The first such hook costs a clone of the context a request.
    #[must_use]
    pub fn after(self, hook: impl Fn(&Context, &mut response::Parts) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.after.push(Arc::new(hook)))
    }

    /// Adds a hook that runs when all is over: the reply was sent, or was cut off, or the caller went away before it.
    ///
    /// It may run in the `Drop` of a future: it must not block, and must not panic.
    #[must_use]
    pub fn finalize(self, hook: impl Fn(&Summary) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.finalize.push(Arc::new(hook)))
    }

    /// Adds a handler of errors, for diagnosis: it sees the whole [`Error`], with its source, and does not change the reply. What the
    /// endpoint fails with its layers know of; of a request that [did not reach it](Exchange::reached_endpoint) only this handler hears.
    /// [`Serve::on_error`](crate::Serve::on_error) does so for all routes.
    #[must_use]
    pub fn on_error(self, handler: impl Fn(&Error, &Exchange) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.on_error.push(handler))
    }

    /// Replaces the writer of failed replies. The default is [`problem_json`]; [`plain_json`](crate::plain_json) writes as
    /// Go kit does.
    #[must_use]
    pub fn error_encoder(self, encode: impl Fn(&Error) -> Response<Body> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.error_encoder = Arc::new(encode))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings<D, N>)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<E: Clone, D, N, T, M> Clone for Server<E, D, N, T, M> {
    fn clone(&self) -> Self {
        Self { endpoint: self.endpoint.clone(), settings: self.settings.clone(), types: PhantomData }
    }
}

impl<E, D, N, T, M> fmt::Debug for Server<E, D, N, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("methods", &self.settings.methods)
            .field("request_limit", &self.settings.request_limit)
            .finish_non_exhaustive()
    }
}
