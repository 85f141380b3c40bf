use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use opentelemetry_http::HttpError;
use towerkit_http_client::HttpClient;

use super::body;
use crate::collector_url::CollectorUrl;
use crate::delivery::{Delivery, Reply};

/// The HTTP client of the exporter. It mends the body on its way.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) url: CollectorUrl,
    pub(super) delivery: Delivery,
    pub(super) headers: HeaderMap,
    pub(super) service: Option<String>,
}

impl Sender {
    pub(super) fn new(url: CollectorUrl, client: HttpClient) -> Self {
        Self { url, delivery: Delivery::new(client), headers: HeaderMap::new(), service: None }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (mut head, bytes) = request.into_parts();
        let spans = body::mended(&bytes, self.service.as_deref())?;
        head.headers.extend(self.headers.clone());
        let sent = self.delivery.deliver(Request::from_parts(head, spans.into()), Reply::accepted).await;
        match sent {
            Ok(reply) => Ok(Response::new(reply.body)),
            Err(error) => Err(format!("POST {}: {error}", self.url).into()),
        }
    }
}

// By hand what `async_trait` writes.
impl opentelemetry_http::HttpClient for Sender {
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.send(request))
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
