mod server_url;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryFutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header, response};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Code};

use crate::RegistryError;
pub(crate) use server_url::ServerUrl;

/// What talks HTTP to a registry: a client that is passed in, or a plain one.
///
/// ```
/// use towerkit_sd::HttpClient;
///
/// // Over plain TCP.
/// let client = HttpClient::plain();
/// # let _ = client;
/// ```
///
/// One with TLS, or with layers of tower-http around it, is any Tower service of `http::Request<Q>` whose body can be made of bytes,
/// such as the `Pool` of towerkit-transport-http: `HttpClient::new(pool)`.
#[derive(Clone)]
pub struct HttpClient(BoxCloneSyncService<Request<Bytes>, Response<ReplyBody>, BoxError>);

/// The body of a reply.
pub(crate) type ReplyBody = UnsyncBoxBody<Bytes, BoxError>;

/// The longest reply that is read: a registry of ten thousand instances says some hundred bytes of each.
const LONGEST_REPLY: usize = 64 * 1024 * 1024;

impl HttpClient {
    /// Over TCP without TLS. Connections are kept, and a connection is waited for up to 5 s.
    #[must_use]
    pub fn plain() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        connector.set_nodelay(true);
        connector.set_keepalive(Some(Duration::from_secs(30)));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .build::<_, Full<Bytes>>(connector);
        Self::new(client)
    }

    /// Any client that is a Tower service.
    pub fn new<S, Q, B>(service: S) -> Self
    where
        S: Service<Request<Q>, Response = Response<B>, Error: Into<BoxError>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        Q: From<Bytes> + Send + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let service = service
            .map_request(|request: Request<Bytes>| request.map(Q::from))
            .map_response(|response: Response<B>| response.map(|body| body.map_err(Into::into).boxed_unsync()))
            .map_err(Into::into);
        Self(BoxCloneSyncService::new(service))
    }

    /// Sends a request and reads the whole reply, within a time.
    pub(crate) async fn call(
        &self,
        registry: &'static str,
        request: Request<Bytes>,
        within: Duration,
    ) -> Result<Reply, RegistryError> {
        let what = format!("{} {}", request.method(), request.uri());
        let exchange = async {
            let (head, body) =
                self.0.clone().oneshot(request).await.map_err(|error| unreached(registry, &what, error))?.into_parts();
            let body = whole(body).await.map_err(|error| unreached(registry, &what, error))?;
            Ok((head, body))
        };
        let (head, body) =
            tokio::time::timeout(within, exchange).await.unwrap_or_else(|_| Err(late(registry, &what, within)))?;
        Ok(Reply { registry, what, head, body })
    }

    /// Sends a request. A reply whose status is one of success is there as soon as its head is; another is read to its end.
    #[cfg(feature = "kubernetes")]
    pub(crate) async fn open(
        &self,
        registry: &'static str,
        request: Request<Bytes>,
        within: Duration,
    ) -> Result<Result<ReplyBody, Reply>, RegistryError> {
        let what = format!("{} {}", request.method(), request.uri());
        let exchange = async {
            let reply = self.0.clone().oneshot(request).await.map_err(|error| unreached(registry, &what, error))?;
            let (head, body) = reply.into_parts();
            if head.status.is_success() {
                return Ok(Ok(body));
            }
            let body = whole(body).await.map_err(|error| unreached(registry, &what, error))?;
            Ok(Err(Reply { registry, what: what.clone(), head, body }))
        };
        tokio::time::timeout(within, exchange).await.unwrap_or_else(|_| Err(late(registry, &what, within)))
    }
}

fn late(registry: &'static str, what: &str, within: Duration) -> RegistryError {
    RegistryError::new(registry, Code::DeadlineExceeded, format!("{what}: no answer within {within:?}"))
}

/// The whole body, if it is no longer than allowed.
// No `async fn`: `Limited` asks that the body's error be turned into a `BoxError`, which it is already, and within a future that is not
// seen to hold for any lifetime, so that the future is not seen to be `Send`.
fn whole(body: ReplyBody) -> BoxFuture<'static, Result<Bytes, BoxError>> {
    Box::pin(Limited::new(body, LONGEST_REPLY).collect().map_ok(Collected::to_bytes))
}

fn unreached(registry: &'static str, what: &str, error: BoxError) -> RegistryError {
    RegistryError::unavailable(registry, format!("{what} failed")).with_source(error)
}

/// A whole reply.
pub(crate) struct Reply {
    registry: &'static str,
    /// The request, for errors.
    what: String,
    pub(crate) head: response::Parts,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The reply, where its status is one of success.
    pub(crate) fn accepted(self) -> Result<Self, RegistryError> {
        if self.status().is_success() { Ok(self) } else { Err(self.refused()) }
    }

    /// What the status means, and the beginning of what the registry says to it.
    pub(crate) fn refused(&self) -> RegistryError {
        let code = match self.status() {
            StatusCode::BAD_REQUEST => Code::InvalidArgument,
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::FORBIDDEN => Code::PermissionDenied,
            StatusCode::NOT_FOUND | StatusCode::GONE => Code::NotFound,
            StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
            _ => Code::Unavailable,
        };
        let said: String = String::from_utf8_lossy(&self.body).chars().take(200).collect();
        RegistryError::new(
            self.registry,
            code,
            format!("{}: {} {}", self.what, self.status(), said.trim().escape_debug()),
        )
    }

    pub(crate) fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, RegistryError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            RegistryError::malformed(self.registry, format!("{}: the reply is not as expected", self.what))
                .with_source(error)
        })
    }
}

/// What stands in a path or a query as it is: the unreserved characters of RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Text as it may stand in a segment of a path, or in a value of a query.
pub(crate) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, UNRESERVED)
}

/// A request with a body of JSON, or without one where that is empty.
pub(crate) fn request(method: Method, url: &str, body: Bytes) -> Result<Request<Bytes>, http::Error> {
    let request =
        Request::builder().method(method).uri(url).header(header::ACCEPT, HeaderValue::from_static("application/json"));
    let request = if body.is_empty() {
        request
    } else {
        request.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
    };
    request.body(body)
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}
