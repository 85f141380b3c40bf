mod settings;
mod url;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Failure, Report};

pub use settings::InvalidSettings;
pub(crate) use url::{ServerUrl, encode};

/// What talks HTTP to a backend: a client that is passed in, or a plain one.
///
/// ```
/// use towerkit_metrics::HttpClient;
///
/// // Over plain TCP.
/// let client = HttpClient::plain();
/// # let _ = client;
/// ```
///
/// One with TLS, or with layers of tower-http around it, is any Tower service of `http::Request<Q>` whose body can be made of bytes,
/// such as the `Pool` of towerkit-transport-http: `HttpClient::new(pool)`.
#[derive(Clone)]
pub struct HttpClient {
    service: BoxCloneSyncService<Request<Bytes>, Response<ReplyBody>, BoxError>,
    plain: bool,
}

type ReplyBody = UnsyncBoxBody<Bytes, BoxError>;

/// How much of a reply is read: it is a status, and some words to it where something is wrong.
const READ_OF_REPLY: usize = 64 * 1024;

/// How much of what a server says is told.
const TOLD: usize = 300;

impl HttpClient {
    /// Over TCP without TLS. A connection is kept for up to 60 s, and is waited for up to 5 s.
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
        Self { plain: true, ..Self::new(client) }
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
        Self { service: BoxCloneSyncService::new(service), plain: false }
    }

    /// Whether it can't do TLS.
    pub(crate) const fn is_plain(&self) -> bool {
        self.plain
    }

    /// Sends a request and reads the reply. Whoever asks bounds the time.
    pub(crate) async fn call(&self, request: Request<Bytes>) -> Result<Reply, NoReply> {
        let what = format!("{} {}", request.method(), request.uri());
        let exchange = async {
            let (head, body) = self.service.clone().oneshot(request).await?.into_parts();
            Ok(Reply { status: head.status, body: beginning(body).await? })
        };
        exchange.await.map_err(|source| NoReply { what, source })
    }
}

/// The beginning of a body. Where there is more, the connection goes with it.
async fn beginning(mut body: ReplyBody) -> Result<Vec<u8>, BoxError> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            let room = READ_OF_REPLY - read.len();
            read.extend_from_slice(data.get(..room).unwrap_or(data));
            if read.len() == READ_OF_REPLY {
                break;
            }
        }
    }
    Ok(read)
}

/// What a server answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// Its status and the beginning of its text, on one line.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let visible = |character: char| if character.is_control() { ' ' } else { character };
        let text: String = String::from_utf8_lossy(&self.body).trim().chars().take(TOLD).map(visible).collect();
        if text.is_empty() { self.status.fmt(f) } else { write!(f, "{}: {text}", self.status) }
    }
}

/// A server was not reached, or went away before it answered.
#[derive(Debug)]
pub(crate) struct NoReply {
    what: String,
    source: BoxError,
}

impl NoReply {
    /// Whether it is certain that the server has not seen the request.
    pub(crate) fn is_not_sent(&self) -> bool {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(&*self.source);
        while let Some(error) = cause {
            if error.downcast_ref().is_some_and(legacy::Error::is_connect) {
                return true;
            }
            cause = error.source();
        }
        self.source.is_not_sent()
    }
}

/// With all that caused it, since an event has its text alone.
impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, Report::new(&*self.source))
    }
}

impl StdError for NoReply {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}
