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
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Report};

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

    /// Sends a request and reads the reply, of which the head has come by the end, or it is late.
    ///
    /// Once there is a head, it counts: a body that can't be read is no reason to send the spans again.
    async fn exchange(self, request: Request<Bytes>, end: Instant) -> Result<Result<Reply, BoxError>, Elapsed> {
        let (head, body) = match timeout_at(end, self.0.oneshot(request)).await? {
            Ok(response) => response.into_parts(),
            Err(error) => return Ok(Err(error)),
        };
        let reply =
            |body, trailers, broken| Reply { status: head.status, headers: head.headers, body, trailers, broken };
        Ok(Ok(match timeout_at(end, whole(body)).await {
            Ok(Ok(body)) => {
                let trailers = body.trailers().cloned();
                reply(body.to_bytes(), trailers, None)
            }
            Ok(Err(error)) => reply(Bytes::new(), None, Some(Report::new(&*error).to_string())),
            Err(_) => reply(Bytes::new(), None, Some("its end did not come in time".into())),
        }))
    }
}

/// The whole body, if it is no longer than allowed.
// No `async fn`: `Limited` asks that the body's error be turned into a `BoxError`, which it is already, and within a future that is not
// seen to hold for any lifetime, so that the future is not seen to be `Send`.
fn whole(body: ReplyBody) -> Pin<Box<dyn Future<Output = Result<Collected<Bytes>, BoxError>> + Send>> {
    Box::pin(Limited::new(body, LONGEST_REPLY).collect())
}

/// A reply.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "gRPC has its status there"))]
    pub(crate) trailers: Option<HeaderMap>,
    /// Why there are neither a body nor trailers, where they could not be read.
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "to HTTP the head says all"))]
    pub(crate) broken: Option<String>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}
