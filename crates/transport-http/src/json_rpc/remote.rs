use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, Uri, request};
use http_body::Body as HttpBody;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Context, Endpoint, Error, NotSent, Request, Via};

use super::wire::{Answer, Ids, ReplyText, Wire, decode_error, write_call, wrong};
use super::{Batch, params};
use crate::codec::{Plain, Raw};
use crate::{Body, Client, InvalidBaseUrl, Pool};

/// A remote service that speaks JSON-RPC 2.0: its URL, and what carries requests to it. It makes an endpoint for each method.
///
/// Times, limits and failures of the HTTP below are those of a [`Client`]. What a call itself fails with has the
/// [`ErrorObject`](super::ErrorObject) as its source. Clones share what the transport shares, and the numbers that calls are
/// identified by.
#[derive(Clone, Debug)]
pub struct Remote<S> {
    client: Client<S, Raw, ReplyText, Bytes, Option<Bytes>, Plain>,
    ids: Ids,
}

impl Remote<Pool> {
    /// A service that is reached through a pool of connections, at a URL such as `http://127.0.0.1:8084/rpc`.
    ///
    /// # Errors
    ///
    /// Where the text is no such URL.
    pub fn new(pool: &Pool, url: &str) -> Result<Self, InvalidBaseUrl> {
        crate::Remote::new(pool, url).and_then(|_| Self::at(url, |base| crate::Remote::new(pool, base)))
    }
}

impl<S: Clone> Remote<S> {
    /// A service that is reached through any Tower HTTP service.
    ///
    /// # Errors
    ///
    /// Where the text is no URL; `https` is allowed as well.
    pub fn over(transport: S, url: &str) -> Result<Self, InvalidBaseUrl> {
        let over = |url: &str| crate::Remote::over(transport.clone(), url);
        over(url).and_then(|_| Self::at(url, over))
    }

    /// A base URL loses the slash at its end, which matters here: the path is that of the one request there is.
    fn at(
        url: &str,
        remote: impl Fn(&str) -> Result<crate::Remote<S>, InvalidBaseUrl>,
    ) -> Result<Self, InvalidBaseUrl> {
        let uri: Uri = url.parse().map_err(InvalidBaseUrl::malformed)?;
        let path = uri.path();
        if path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(InvalidBaseUrl::new("a segment of its path is . or .."));
        }
        let base = url.strip_suffix(path).unwrap_or(url);
        // A template's own signs.
        let template = path.replace('{', "%7B").replace('}', "%7D");
        let client = remote(base)?.post(&template).codecs(Raw::new("application/json"), ReplyText);
        Ok(Self { client: client.error_decoder(decode_error), ids: Ids::default() })
    }

    /// The most time a call or a batch takes; see [`Client::timeout`].
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        Self { client: self.client.timeout(limit), ..self }
    }

    /// The most bytes that are read of a reply; see [`Client::reply_limit`].
    #[must_use]
    pub fn reply_limit(self, bytes: usize) -> Self {
        Self { client: self.client.reply_limit(bytes), ..self }
    }

    /// Adds a hook that sees the head of each request last; see [`Client::before`].
    #[must_use]
    pub fn before(
        self,
        hook: impl Fn(&Context, &mut request::Parts) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        Self { client: self.client.before(hook), ..self }
    }
}

impl<S, B> Remote<S>
where
    S: Service<http::Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    /// The endpoint of a method. Its messages are written by serde: a struct or a map gives parameters by name, a tuple or a
    /// sequence by position, `()` gives none; anything else is refused as `InvalidArgument`, and not sent.
    #[must_use]
    pub fn method<T, R>(&self, name: &str) -> MethodClient<T, R> {
        MethodClient { wire: self.wire(), ids: self.ids.clone(), name: name.into(), types: PhantomData }
    }

    /// The endpoint of a method of which nothing is to be heard: it ends when the service has taken the message, and tells only
    /// whether that failed.
    #[must_use]
    pub fn notification<T>(&self, name: &str) -> NotificationClient<T> {
        NotificationClient { wire: self.wire(), name: name.into(), types: PhantomData }
    }

    /// Several calls in one request; empty yet.
    #[must_use]
    pub fn batch(&self) -> Batch {
        Batch::new(self.wire(), self.ids.clone())
    }

    fn wire(&self) -> Wire {
        self.client.clone().erased()
    }
}

/// An endpoint that calls one method. [`Remote::method`] makes it.
///
/// It is ready when its transport is, and calls the instance that was made ready. Clones share the numbers of calls.
pub struct MethodClient<T, R> {
    wire: Wire,
    ids: Ids,
    name: Arc<str>,
    types: PhantomData<fn(T) -> R>,
}

impl<T, R> MethodClient<T, R> {
    /// How its calls go: what a span of a call says of it.
    #[must_use]
    pub fn via(&self) -> Via {
        Via::JsonRpc { method: self.name.clone() }
    }
}

/// An endpoint that tells one method something. [`Remote::notification`] makes it.
pub struct NotificationClient<T> {
    wire: Wire,
    name: Arc<str>,
    types: PhantomData<fn(T)>,
}

/// The future of a call. Dropping it cancels the call.
pub type CallFuture<R> = Pin<Box<dyn Future<Output = Result<R, Error>> + Send>>;

impl<T, R> Service<Request<T>> for MethodClient<T, R>
where
    T: Serialize + Send + 'static,
    R: DeserializeOwned + Send + 'static,
{
    type Response = R;
    type Error = Error;
    type Future = CallFuture<R>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.wire.poll_ready(cx)
    }

    fn call(&mut self, request: Request<T>) -> CallFuture<R> {
        let mut wire = ready_one(&mut self.wire);
        let (name, id) = (self.name.clone(), self.ids.next());
        Box::pin(async move {
            let request = write(&name, request, Some(id))?;
            let text = wire.call(request).await?.ok_or_else(|| wrong("is empty"))?;
            let answer = Answer::read(&text)?;
            if let Some(error) = answer.of_no_call() {
                return Err(error);
            }
            if answer.id() != Some(id) {
                return Err(wrong("is to another call"));
            }
            answer.into_result()
        })
    }
}

impl<T: Serialize + Send + 'static> Service<Request<T>> for NotificationClient<T> {
    type Response = ();
    type Error = Error;
    type Future = CallFuture<()>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.wire.poll_ready(cx)
    }

    fn call(&mut self, request: Request<T>) -> CallFuture<()> {
        let mut wire = ready_one(&mut self.wire);
        let name = self.name.clone();
        Box::pin(async move {
            // A server has nothing to say to it, unless it could not read it.
            match wire.call(write(&name, request, None)?).await? {
                Some(text) => Answer::read(&text)?.of_no_call().map_or(Ok(()), Err),
                None => Ok(()),
            }
        })
    }
}

/// The instance that was made ready; a clone need not be.
fn ready_one(wire: &mut Wire) -> Wire {
    let clone = wire.clone();
    mem::replace(wire, clone)
}

fn write<T: Serialize>(name: &str, request: Request<T>, id: Option<u64>) -> Result<Request<Bytes>, Error> {
    let (context, message) = request.into_parts();
    let mut text = String::new();
    params::write(&message)
        .and_then(|params| write_call(&mut text, name, params.as_deref(), id))
        .map_err(|error| error.with_extension(NotSent))?;
    Ok(Request::with_context(context, text.into()))
}

impl<T, R> Clone for MethodClient<T, R> {
    fn clone(&self) -> Self {
        Self { wire: self.wire.clone(), ids: self.ids.clone(), name: self.name.clone(), types: PhantomData }
    }
}

impl<T> Clone for NotificationClient<T> {
    fn clone(&self) -> Self {
        Self { wire: self.wire.clone(), name: self.name.clone(), types: PhantomData }
    }
}

impl<T, R> fmt::Debug for MethodClient<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MethodClient").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for NotificationClient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationClient").field("name", &self.name).finish_non_exhaustive()
    }
}
