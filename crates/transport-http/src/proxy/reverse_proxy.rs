use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::io;
use std::mem;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body as HttpBody;
use tokio::time::timeout;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Code, Context, Error, NotSent};

use super::Forwarding;
use super::forwarded::Hop;
use super::headers::{add_via, came_through, not_implemented, refuse_upgrade, strip_hop_by_hop};
use crate::client::transport_failure;
use crate::problem::refused;
use crate::{Body, Remote};

/// An endpoint that passes requests on to another service: see the [module](crate::proxy).
///
/// It is ready when its transport is, and calls the instance that was made ready. Clones share the settings, and with a
/// [`Pool`](crate::Pool) the connections. The deadline of the context bounds the time to the head of the response; under
/// [`server`](super::server) a [`DeadlineLayer`](towerkit_endpoint::DeadlineLayer) bounds the whole.
pub struct ReverseProxy<S> {
    remote: Remote<S>,
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    keep_host: bool,
    strip_prefix: String,
    forwarding: Forwarding,
    trust: Option<Arc<Trust>>,
    name: String,
    find_loops: bool,
    head_timeout: Duration,
}

type Trust = dyn Fn(IpAddr) -> bool + Send + Sync;

impl<S> ReverseProxy<S> {
    /// How long the backend may take for the head of its response, unless [said otherwise](Self::head_timeout): 60 seconds.
    pub const DEFAULT_HEAD_TIMEOUT: Duration = Duration::from_secs(60);

    /// In front of a service.
    #[must_use]
    pub fn new(remote: Remote<S>) -> Self {
        let settings = Settings {
            keep_host: false,
            strip_prefix: String::new(),
            forwarding: Forwarding::default(),
            trust: None,
            name: "towerkit".to_owned(),
            find_loops: false,
            head_timeout: Self::DEFAULT_HEAD_TIMEOUT,
        };
        Self { remote, settings: Arc::new(settings) }
    }

    /// The backend sees the `host` that the caller asked for. By default it sees its own, and the caller's as
    /// `x-forwarded-host`.
    #[must_use]
    pub fn keep_host(self) -> Self {
        self.set(|settings| settings.keep_host = true)
    }

    /// Takes this off the beginning of paths, such as `/users`, before they are passed on. A path that does not begin so is
    /// passed on as it is.
    #[must_use]
    pub fn strip_prefix(self, prefix: impl Into<String>) -> Self {
        self.set(|settings| prefix.into().trim_end_matches('/').clone_into(&mut settings.strip_prefix))
    }

    /// In what form the backend is told who asked.
    #[must_use]
    pub fn forwarding(self, form: Forwarding) -> Self {
        self.set(|settings| settings.forwarding = form)
    }

    /// Which peers are believed in what they say of others: proxies of one's own, in front of this one. By default none is, and
    /// what a peer says of `x-forwarded-for` and the like is thrown away.
    #[must_use]
    pub fn trust(self, is_trusted: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.trust = Some(Arc::new(is_trusted)))
    }

    /// What it calls itself in `via`; `towerkit` by default. A request that came through a proxy of this name already is
    /// refused, so no two on one way may have the same.
    ///
    /// # Panics
    ///
    /// Where the name is no token (RFC 9110, section 5.6.2): a mistake in the program, found as it starts.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        let name = name.into();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        assert!(!name.is_empty() && name.bytes().all(is_token), "{name:?} can't be the name of a proxy");
        self.set(|settings| (settings.name, settings.find_loops) = (name, true))
    }

    /// How long the backend may take until the head of its response is there.
    #[must_use]
    pub fn head_timeout(self, limit: Duration) -> Self {
        self.set(|settings| settings.head_timeout = limit)
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S, B> Service<towerkit_endpoint::Request<Request<Body>>> for ReverseProxy<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = ProxyFuture;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.remote.transport_mut().poll_ready(cx).map_err(|error| failure(error.into()))
    }

    fn call(&mut self, request: towerkit_endpoint::Request<Request<Body>>) -> ProxyFuture {
        let (context, message) = request.into_parts();
        let request = match self.settings.prepare(&self.remote, context, message) {
            Ok(request) => request,
            Err(error) => return ProxyFuture(Box::pin(async { Err(error.with_extension(NotSent)) })),
        };
        // The transport itself was made ready, a clone of it need not be.
        let clone = self.remote.transport_mut().clone();
        let mut transport = mem::replace(self.remote.transport_mut(), clone);
        let settings = self.settings.clone();
        ProxyFuture(Box::pin(async move {
            let Ok(result) = timeout(settings.head_timeout, transport.call(request)).await else {
                return Err(Error::new(Code::DeadlineExceeded, "the service behind the proxy did not answer in time"));
            };
            let mut response = result.map_err(|error| failure(error.into()))?.map(Body::new);
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                return Err(bad_gateway("the service behind the proxy changed the protocol unasked"));
            }
            let version = response.version();
            let headers = response.headers_mut();
            strip_hop_by_hop(headers);
            headers.remove(header::TE);
            headers.remove(header::CONNECTION);
            add_via(headers, version, &settings.name);
            Ok(response)
        }))
    }
}

impl Settings {
    /// The request that is passed on.
    fn prepare<S>(
        &self,
        remote: &Remote<S>,
        mut context: Context,
        message: Request<Body>,
    ) -> Result<Request<Body>, Error> {
        let mut headers = mem::take(context.metadata_mut()).into_headers();
        let (parts, body) = message.into_parts();
        if matches!(parts.method, Method::CONNECT | Method::TRACE) {
            return Err(not_implemented(format!("{} is not passed on", parts.method)));
        }
        if parts.uri.path() == "*" {
            return Err(not_implemented("OPTIONS * asks about this proxy, which has nothing to say".to_owned()));
        }
        refuse_upgrade(&headers)?;
        if self.find_loops && came_through(&headers, &self.name) {
            let message = "the request came through this proxy before".to_owned();
            return Err(refused(Code::FailedPrecondition, StatusCode::LOOP_DETECTED, message));
        }

        let host = headers.remove(header::HOST).or_else(|| {
            // HTTP/2 has it in the target.
            parts.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok())
        });
        strip_hop_by_hop(&mut headers);
        headers.remove(header::EXPECT);
        headers.remove(header::CONTENT_LENGTH);
        let peer = context.peer();
        let trusted = matches!((&self.trust, peer), (Some(trust), Some(peer)) if trust(peer.ip().to_canonical()));
        let hop = Hop { peer, host: host.as_ref().and_then(|host| host.to_str().ok()), https: is_https(&body) };
        self.forwarding.write(&mut headers, &hop, trusted);
        add_via(&mut headers, parts.version, &self.name);
        if let (true, Some(host)) = (self.keep_host, host) {
            headers.insert(header::HOST, host);
        }
        context.announce_timeout();
        headers.extend(mem::take(context.metadata_mut()).into_headers());

        let mut request = Request::new(body);
        *request.method_mut() = parts.method;
        *request.uri_mut() = remote.base().at(&self.target(&parts.uri))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// The path and the query, without the prefix where it is one: `/users` is of `/users` and `/users/7`, and not of `/users7`.
    fn target<'a>(&self, uri: &'a Uri) -> Cow<'a, str> {
        let whole = uri.path_and_query().map_or("/", |target| target.as_str());
        match whole.strip_prefix(&self.strip_prefix) {
            Some(rest) if rest.starts_with('/') => rest.into(),
            Some(rest) if rest.is_empty() || rest.starts_with('?') => format!("/{rest}").into(),
            _ => whole.into(),
        }
    }
}

#[cfg(feature = "tls")]
fn is_https(body: &Body) -> bool {
    body.tls().is_some()
}

#[cfg(not(feature = "tls"))]
const fn is_https(_: &Body) -> bool {
    false
}

/// What the caller is told where there is no response; what really happened is the source.
fn failure(error: BoxError) -> Error {
    let error = transport_failure(error);
    // The body of the request may be what failed, and it says so itself; so may a layer of the transport.
    if error.code() != Code::Unavailable || error.get::<StatusCode>().is_some() {
        return error;
    }
    let causes = std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |cause| (*cause).source());
    let timed_out = causes
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::TimedOut);
    let unsent = error.get::<NotSent>().is_some();
    let told = match (timed_out, unsent) {
        (true, _) => Error::new(Code::DeadlineExceeded, "the service behind the proxy did not answer in time"),
        (false, true) => bad_gateway("the service behind the proxy can't be reached"),
        (false, false) => bad_gateway("the service behind the proxy broke off"),
    };
    let told = told.with_source(error);
    if unsent { told.with_extension(NotSent) } else { told }
}

fn bad_gateway(message: &'static str) -> Error {
    refused(Code::Unavailable, StatusCode::BAD_GATEWAY, message.to_owned())
}

/// The future of a [`ReverseProxy`]. Dropping it cancels the call.
pub struct ProxyFuture(Pin<Box<dyn Future<Output = Result<Response<Body>, Error>> + Send>>);

impl Future for ProxyFuture {
    type Output = Result<Response<Body>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<S: Clone> Clone for ReverseProxy<S> {
    fn clone(&self) -> Self {
        Self { remote: self.remote.clone(), settings: self.settings.clone() }
    }
}

impl<S> fmt::Debug for ReverseProxy<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReverseProxy")
            .field("backend", self.remote.base())
            .field("keep_host", &self.settings.keep_host)
            .field("forwarding", &self.settings.forwarding)
            .field("name", &self.settings.name)
            .field("head_timeout", &self.settings.head_timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ProxyFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyFuture")
    }
}
