//! How often Consul is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::ServiceExt;
use towerkit_sd::HttpClient;

/// A client that counts what it sends.
pub(crate) fn counting() -> (HttpClient, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let client = client.map_request(move |request: Request<Full<Bytes>>| {
        counted.fetch_add(1, Ordering::Relaxed);
        request
    });
    (HttpClient::new(client), count)
}
