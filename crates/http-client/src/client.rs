use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;
use towerkit_endpoint::BoxError;

use crate::{NoReply, ReplyBody};

/// What talks HTTP to a server: a plain client, or one that is passed in.
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use hyper_util::client::legacy::Client;
/// use hyper_util::rt::TokioExecutor;
/// use towerkit_http_client::HttpClient;
///
/// // Over TCP without TLS.
/// let plain = HttpClient::plain();
///
/// // Any Tower service of `http::Request<Q>` whose body can be made of bytes: one with TLS, such as the `Pool` of
/// // towerkit-transport-http, or one with layers of tower-http around it.
/// let other = HttpClient::new(Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>());
/// # let _ = (plain, other);
/// ```
///
/// Clones share what the service's clones share: of a plain client, the connections.
#[derive(Clone)]
pub struct HttpClient {
    service: BoxCloneSyncService<Request<Bytes>, Response<ReplyBody>, BoxError>,
    plain: bool,
}

impl HttpClient {
    /// Over TCP without TLS, HTTP/1.1.
    ///
    /// A connection is waited for up to 5 s, and kept for 60 s after its last request. On Linux one whose peer acknowledges nothing for
    /// 10 s is given up. It follows no redirects.
    #[must_use]
    pub fn plain() -> Self {
        Self::over_tcp(&mut Client::builder(TokioExecutor::new()))
    }

    /// Over TCP without TLS, HTTP/2 from the first byte on, which is what gRPC wants. Else as [`plain`](Self::plain).
    #[cfg(feature = "http2")]
    #[must_use]
    pub fn plain_http2() -> Self {
        Self::over_tcp(Client::builder(TokioExecutor::new()).http2_only(true))
    }

    fn over_tcp(builder: &mut Builder) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        connector.set_nodelay(true);
        connector.set_keepalive(Some(Duration::from_secs(30)));
        // The network may be cut without a word. A connection that is shared, as HTTP/2's is, would then be taken for one request after
        // the other.
        #[cfg(target_os = "linux")]
        connector.set_tcp_user_timeout(Some(Duration::from_secs(10)));
        let client = builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .build::<_, Full<Bytes>>(connector);
        Self { plain: true, ..Self::new(client) }
    }

    /// Any client that is a Tower service. A request costs three boxes beside what the service does: its clone, its future and the
    /// reply's body.
    pub fn new<S, Q, B>(service: S) -> Self
    where
        S: Service<Request<Q>, Response = Response<B>, Error: Into<BoxError>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        Q: From<Bytes> + Send + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let service = service
            .map_request(|request: Request<Bytes>| request.map(Q::from))
            .map_response(|response: Response<B>| response.map(ReplyBody::new))
            .map_err(Into::into);
        Self { service: BoxCloneSyncService::new(service), plain: false }
    }

    /// Whether it is a plain one of ours, which can't do TLS. Of one that was passed in nothing is known, which is no.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// Sends a request, and has the reply as soon as its head is there, whatever its status. Whoever asks bounds the time.
    ///
    /// # Errors
    ///
    /// [`NoReply::Unanswered`].
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<ReplyBody>, NoReply> {
        self.service.clone().oneshot(request).await.map_err(NoReply::Unanswered)
    }

    /// Sends a request, and has the whole reply, whatever its status: within a time, and of no more bytes than `limit`.
    ///
    /// # Errors
    ///
    /// Any [`NoReply`].
    pub async fn fetch(
        &self,
        request: Request<Bytes>,
        within: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, NoReply> {
        let exchange = async {
            let (head, body) = self.send(request).await?.into_parts();
            Ok(Response::from_parts(head, body.whole(limit).await?.data))
        };
        timeout(within, exchange).await.unwrap_or(Err(NoReply::Late(within)))
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("plain", &self.plain).finish_non_exhaustive()
    }
}
