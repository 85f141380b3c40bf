use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use towerkit_endpoint::Error;

use super::{DecodeRequest, EncodeResponse, read};
use crate::Body;

/// Bytes as they are: read from any body, written with a media type.
#[derive(Clone, Debug)]
pub struct Raw {
    media_type: HeaderValue,
}

impl Raw {
    /// Of a media type, such as `image/png`.
    #[must_use]
    pub const fn new(media_type: &'static str) -> Self {
        Self { media_type: HeaderValue::from_static(media_type) }
    }
}

/// `application/octet-stream`.
impl Default for Raw {
    fn default() -> Self {
        Self::new("application/octet-stream")
    }
}

impl DecodeRequest<Bytes> for Raw {
    async fn decode(&self, _: &mut Parts, body: Body, limit: usize) -> Result<Bytes, Error> {
        read(body, limit).await
    }
}

impl<R: Into<Body>> EncodeResponse<R> for Raw {
    fn encode(&self, reply: R) -> Result<Response<Body>, Error> {
        let mut response = Response::new(reply.into());
        response.headers_mut().insert(CONTENT_TYPE, self.media_type.clone());
        Ok(response)
    }
}
