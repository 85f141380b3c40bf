use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tower::util::ServiceExt;
use tower_service::Service;
use towerkit_endpoint::{Context, Endpoint, Error, ErrorHandlers, Exchange, Request, Via};

use super::call::{Call, Malformed};
use super::{ErrorObject, Payload, Reply, params, reply};
use crate::codec::{EncodeResponse, Json};

/// The methods of a service by name; an endpoint itself, of [`Payload`] and [`Reply`], for [`server`](super::server).
///
/// Each call gets the context of the request: its metadata, its values, its deadline and its peer. The calls of a batch run
/// side by side, up to a [number](Self::concurrency), all in one task, and are answered in their own order. A notification runs to
/// its end before the request is answered, and nothing is said of what became of it but to [`on_error`](Self::on_error).
///
/// The reply of a single call may be [`WithMetadata`](towerkit_endpoint::WithMetadata), which becomes headers; so does the metadata
/// of an error. In a batch it is left out.
///
/// It is always ready, and clones share the methods.
#[derive(Clone, Default)]
pub struct Methods {
    settings: Settings,
}

#[derive(Clone)]
struct Settings {
    methods: Arc<HashMap<Arc<str>, Arc<dyn Method>>>,
    concurrency: usize,
    max_calls: usize,
    on_error: ErrorHandlers,
}

impl Methods {
    /// The most calls of a batch that run at a time, unless [said otherwise](Self::concurrency).
    pub const DEFAULT_CONCURRENCY: usize = 16;

    /// The most calls in a batch, unless [said otherwise](Self::batch_limit).
    pub const DEFAULT_BATCH_LIMIT: usize = 100;

    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a method. Its parameters are read by serde, by name from an object, or by position from an array in the order of
    /// the fields.
    ///
    /// # Panics
    ///
    /// Where there is a method of that name, or it begins with `rpc.`, which is reserved (section 8): a mistake in the program,
    /// found as it starts.
    #[must_use]
    pub fn with<E, T, M>(mut self, name: &str, endpoint: E) -> Self
    where
        E: Endpoint<T>,
        T: DeserializeOwned + Send + 'static,
        Json: EncodeResponse<E::Reply, M>,
        M: 'static,
    {
        assert!(!name.starts_with("rpc."), "the method {name:?} has a name that JSON-RPC reserves");
        let method = Typed { endpoint, types: PhantomData };
        let before = Arc::make_mut(&mut self.settings.methods).insert(name.into(), Arc::new(method));
        assert!(before.is_none(), "the method {name:?} was given already");
        self
    }

    /// The most calls of one batch that run at a time; at least one.
    #[must_use]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.settings.concurrency = most.max(1);
        self
    }

    /// The most calls in one batch; a longer one is refused as a whole.
    #[must_use]
    pub fn batch_limit(mut self, most: usize) -> Self {
        self.settings.max_calls = most;
        self
    }

    /// Adds a handler of what calls fail with, for diagnosis: it is told the error, with its source, and the method, where there is one of that
    /// name. It hears of each call of a batch, and of those that [reach no endpoint](Exchange::reached_endpoint).
    /// [`Serve::on_error`](crate::Serve::on_error) does so for all that a listener serves.
    #[must_use]
    pub fn on_error(mut self, handler: impl Fn(&Error, &Exchange) + Send + Sync + 'static) -> Self {
        self.settings.on_error.push(handler);
        self
    }

    pub(super) const fn max_calls(&self) -> usize {
        self.settings.max_calls
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            methods: Arc::default(),
            concurrency: Methods::DEFAULT_CONCURRENCY,
            max_calls: Methods::DEFAULT_BATCH_LIMIT,
            on_error: ErrorHandlers::default(),
        }
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.settings.methods.keys().collect();
        names.sort();
        f.debug_struct("Methods")
            .field("methods", &names)
            .field("concurrency", &self.settings.concurrency)
            .field("batch_limit", &self.settings.max_calls)
            .finish_non_exhaustive()
    }
}

impl Service<Request<Payload>> for Methods {
    type Response = Reply;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        let settings = self.settings.clone();
        Box::pin(async move {
            let (context, payload) = request.into_parts();
            Ok(settings.answer(context, payload).await)
        })
    }
}

impl Settings {
    async fn answer(&self, context: Context, payload: Payload) -> Reply {
        let Payload { mut calls, is_batch, on_error } = payload;
        let outer = on_error.as_deref();
        if !is_batch {
            let Some(call) = calls.pop() else { return Reply::default() };
            let (body, headers) = self.one(context, call, outer).await;
            return Reply { body: body.map(Into::into), headers };
        }
        let replies = stream::iter(calls).map(|call| self.one(context.clone(), call, outer)).buffered(self.concurrency);
        let replies: Vec<String> = replies.filter_map(|(body, _)| async { body }).collect().await;
        let body = (!replies.is_empty()).then(|| format!("[{}]", replies.join(",")).into());
        Reply { body, headers: HeaderMap::new() }
    }

    /// The answer to one call, none for a notification; and its headers.
    async fn one(
        &self,
        mut context: Context,
        call: Result<Call, Malformed>,
        outer: Option<&ErrorHandlers>,
    ) -> (Option<String>, HeaderMap) {
        let peer = context.peer();
        let tell = |error: &Error, via: Option<Via>, reached_endpoint| {
            let mut exchange = Exchange::new(via, peer);
            exchange.reached_endpoint = reached_endpoint;
            self.on_error.tell(error, &exchange);
            if let Some(outer) = outer {
                outer.tell(error, &exchange);
            }
        };
        let Call { method, params, id } = match call {
            Ok(call) => call,
            Err(Malformed { id, error }) => {
                tell(&error.clone().into_error(), context.via().cloned(), false);
                let id = id.as_deref().map_or("null", RawValue::get);
                return (Some(reply::failure(id, &error)), HeaderMap::new());
            }
        };
        let result = match self.methods.get_key_value(&*method) {
            Some((name, found)) => {
                context.set_via(Some(Via::JsonRpc { method: name.clone() }));
                found.call(context, params).await.map_err(|Failed { error, reached_endpoint }| {
                    tell(&error, Some(Via::JsonRpc { method: name.clone() }), reached_endpoint);
                    (ErrorObject::from(&error), error.metadata().clone().into_headers())
                })
            }
            None => {
                let error = ErrorObject::method_not_found();
                tell(&error.clone().into_error(), context.via().cloned(), false);
                Err((error, HeaderMap::new()))
            }
        };
        let Some(id) = id else { return (None, HeaderMap::new()) };
        match result {
            Ok((result, headers)) => (Some(reply::success(&id, &result)), headers),
            Err((error, headers)) => (Some(reply::failure(id.get(), &error)), headers),
        }
    }
}

type Answer = Result<(String, HeaderMap), Failed>;

/// Why a call came to nothing.
struct Failed {
    error: Error,
    reached_endpoint: bool,
}

/// What comes of `?` is about what the endpoint said, or could not be written.
impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, reached_endpoint: true }
    }
}

/// An endpoint whose types are hidden: parameters in, the result as JSON and its headers out.
trait Method: Send + Sync {
    fn call(&self, context: Context, params: Option<Box<RawValue>>) -> Pin<Box<dyn Future<Output = Answer> + Send>>;
}

struct Typed<E, T, M> {
    endpoint: E,
    types: PhantomData<fn(T) -> M>,
}

impl<E, T, M> Method for Typed<E, T, M>
where
    E: Endpoint<T>,
    T: DeserializeOwned + Send + 'static,
    Json: EncodeResponse<E::Reply, M>,
{
    fn call(&self, context: Context, params: Option<Box<RawValue>>) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        let endpoint = self.endpoint.clone();
        Box::pin(async move {
            let message = params::read(params.as_deref()).map_err(|error| Failed { error, reached_endpoint: false })?;
            let reply = endpoint.oneshot(Request::with_context(context, message)).await.map_err(Into::<Error>::into)?;
            let (mut parts, body) = Json.encode(reply)?.into_parts();
            parts.headers.remove(header::CONTENT_TYPE);
            // It is in memory; one without a body has nothing to say.
            let body = body.read(usize::MAX).await.map_err(Error::internal)?;
            let result = if body.is_empty() {
                "null".to_owned()
            } else {
                String::from_utf8(body.into()).map_err(Error::internal)?
            };
            Ok((result, parts.headers))
        })
    }
}
