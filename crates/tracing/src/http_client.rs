//! What carries spans to a collector over HTTP.

mod collector_url;
mod deliver;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;
use towerkit_endpoint::BoxError;

pub(crate) use collector_url::CollectorUrl;
pub use collector_url::InvalidUrl;
pub(crate) use deliver::Delivery;
#[cfg(feature = "otlp")]
pub(crate) use deliver::{Failed, said};

/// What talks HTTP to a collector, where it is not the plain client that an exporter makes by itself.
///
/// It is any Tower service of `http::Request<Q>` whose body can be made of bytes: one with TLS, such as the `Pool` of
/// towerkit-transport-http, or one with layers of tower-http around it. For OTLP over gRPC it has to speak HTTP/2.
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use hyper_util::client::legacy::Client;
/// use hyper_util::rt::TokioExecutor;
/// use towerkit_tracing::HttpClient;
///
/// // Here without TLS.
/// let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
/// let client = HttpClient::new(client);
/// # let _ = client;
/// ```
#[derive(Clone)]
pub struct HttpClient(BoxCloneSyncService<Request<Bytes>, Response<ReplyBody>, BoxError>);

type ReplyBody = UnsyncBoxBody<Bytes, BoxError>;

/// The longest reply that is read, in bytes. A collector has little to say.
const LONGEST_REPLY: usize = 1024 * 1024;

impl HttpClient {
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

    /// Over TCP without TLS, HTTP/1.1.
    pub(crate) fn plain() -> Self {
        Self::over_tcp(&mut Client::builder(TokioExecutor::new()))
    }

    /// Over TCP without TLS, HTTP/2 from the first byte on.
    #[cfg(feature = "otlp")]
    pub(crate) fn plain_http2() -> Self {
        Self::over_tcp(Client::builder(TokioExecutor::new()).http2_only(true))
    }

    fn over_tcp(builder: &mut Builder) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        connector.set_nodelay(true);
        connector.set_keepalive(Some(Duration::from_secs(30)));
        // The network may be cut without a word. An HTTP/2 connection would then be taken for the next batch, and the one after it.
        #[cfg(target_os = "linux")]
        connector.set_tcp_user_timeout(Some(Duration::from_secs(10)));
        let client = builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .build::<_, Full<Bytes>>(connector);
        Self::new(client)
    }

    /// Sends a request and reads the whole reply.
    async fn exchange(self, request: Request<Bytes>) -> Result<Reply, BoxError> {
        let (head, body) = self.0.oneshot(request).await?.into_parts();
        let body = whole(body).await?;
        let trailers = body.trailers().cloned();
        Ok(Reply { status: head.status, headers: head.headers, body: body.to_bytes(), trailers })
    }
}

/// The whole body, if it is no longer than allowed.
// No `async fn`: `Limited` asks that the body's error be turned into a `BoxError`, which it is already, and within a future that is not
// seen to hold for any lifetime, so that the future is not seen to be `Send`.
fn whole(body: ReplyBody) -> Pin<Box<dyn Future<Output = Result<Collected<Bytes>, BoxError>> + Send>> {
    Box::pin(Limited::new(body, LONGEST_REPLY).collect())
}

/// A whole reply.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "gRPC has its status there"))]
    pub(crate) trailers: Option<HeaderMap>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}
