//! What is asked of a registry that speaks HTTP, and what it replies.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header, response};
use towerkit_endpoint::Code;
#[cfg(feature = "kubernetes")]
use towerkit_http_client::ReplyBody;
use towerkit_http_client::{HttpClient, NoReply, excerpt};

use crate::RegistryError;

/// The longest reply that is read: a registry of ten thousand instances says some hundred bytes of each.
const LONGEST_REPLY: usize = 64 * 1024 * 1024;

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

/// Sends a request and reads the whole reply, within a time.
pub(crate) async fn call(
    client: &HttpClient,
    registry: &'static str,
    request: Request<Bytes>,
    within: Duration,
) -> Result<Reply, RegistryError> {
    let what = what(&request);
    match client.fetch(request, within, LONGEST_REPLY).await {
        Ok(reply) => {
            let (head, body) = reply.into_parts();
            Ok(Reply { registry, what, head, body })
        }
        Err(error) => Err(failed(registry, &what, error)),
    }
}

/// Sends a request. A reply whose status is one of success is there as soon as its head is; another is read to its end.
#[cfg(feature = "kubernetes")]
pub(crate) async fn open(
    client: &HttpClient,
    registry: &'static str,
    request: Request<Bytes>,
    within: Duration,
) -> Result<Result<ReplyBody, Reply>, RegistryError> {
    let what = what(&request);
    let exchange = async {
        let (head, body) = client.send(request).await?.into_parts();
        if head.status.is_success() {
            return Ok(Ok(body));
        }
        Ok(Err((head, body.whole(LONGEST_REPLY).await?.data)))
    };
    match tokio::time::timeout(within, exchange).await.unwrap_or(Err(NoReply::Late(within))) {
        Ok(reply) => Ok(reply.map_err(|(head, body)| Reply { registry, what, head, body })),
        Err(error) => Err(failed(registry, &what, error)),
    }
}

/// What is asked, for errors.
fn what(request: &Request<Bytes>) -> String {
    format!("{} {}", request.method(), request.uri())
}

fn failed(registry: &'static str, what: &str, error: NoReply) -> RegistryError {
    if let NoReply::Late(_) = error {
        return RegistryError::new(registry, Code::DeadlineExceeded, format!("{what}: {error}"));
    }
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
        RegistryError::new(self.registry, code, format!("{}: {} {}", self.what, self.status(), excerpt(&self.body)))
    }

    pub(crate) fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, RegistryError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            RegistryError::malformed(self.registry, format!("{}: the reply is not as expected", self.what))
                .with_source(error)
        })
    }
}
