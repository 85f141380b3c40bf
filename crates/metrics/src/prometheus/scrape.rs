use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, header::VARY};
use tower_service::Service;
use towerkit_endpoint::{Error, Request, WithMetadata};

use super::Prometheus;
use super::accept::Format;

/// The endpoint that answers scrapes: see [`Prometheus::scrape`].
///
/// It is always ready, and never fails. The page is written at the first poll, on the thread that polls: some 0.2 µs a line.
#[derive(Clone)]
pub struct Scrape {
    prometheus: Prometheus,
}

impl Scrape {
    pub(super) const fn new(prometheus: Prometheus) -> Self {
        Self { prometheus }
    }
}

impl Service<Request<()>> for Scrape {
    type Response = WithMetadata<Bytes>;
    type Error = Error;
    type Future = ScrapeFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> ScrapeFuture {
        let accept = request.context().metadata().get_all(ACCEPT).filter_map(|value| value.to_str().ok());
        ScrapeFuture { prometheus: self.prometheus.clone(), format: Format::wanted(accept) }
    }
}

/// The future of a [`Scrape`].
pub struct ScrapeFuture {
    prometheus: Prometheus,
    format: Format,
}

impl Future for ScrapeFuture {
    type Output = Result<WithMetadata<Bytes>, Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let page = WithMetadata::new(self.prometheus.page(self.format))
            .with_metadata(CONTENT_TYPE, HeaderValue::from_static(self.format.content_type()))
            .with_metadata(VARY, HeaderValue::from_static("accept"));
        Poll::Ready(Ok(page))
    }
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl fmt::Debug for ScrapeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScrapeFuture").field("format", &self.format).finish_non_exhaustive()
    }
}
