//! A client that frames its calls itself.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower_service::Service as _;
use towerkit_transport_http::{Body, Pool};

use crate::site::{Site, soon};

pub(crate) struct Answer {
    pub(crate) http: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: HeaderMap,
}

impl Answer {
    /// Of the trailers, or of the head where that is all there is.
    pub(crate) fn status(&self) -> Option<&str> {
        self.of("grpc-status")
    }

    pub(crate) fn message(&self) -> &str {
        self.of("grpc-message").unwrap_or_default()
    }

    fn of(&self, name: &str) -> Option<&str> {
        let value = self.trailers.get(name).or_else(|| self.headers.get(name));
        value.map(|value| value.to_str().unwrap())
    }
}

/// A message in its frame.
pub(crate) fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

pub(crate) fn call(site: &Site, path: &str) -> http::request::Builder {
    Request::post(format!("http://{}{path}", site.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

pub(crate) async fn send(request: http::request::Builder, body: impl Into<Bytes>) -> Answer {
    let request = request.body(Body::new(Full::new(body.into()))).unwrap();
    let response = soon(Pool::builder().http2().build().call(request)).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = soon(body.collect()).await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    Answer { http: parts.status, headers: parts.headers, body: body.to_bytes(), trailers }
}
