use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use towerkit_endpoint::Error;

use super::{Payload, Reply};
use crate::Body;
use crate::codec::{DecodeRequest, EncodeResponse, expect_media_type, read};

/// Between bodies and calls. It is made by [`server`](super::server).
///
/// A request's `content-type` must be `application/json`, `application/json-rpc`, or end in `+json`.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    pub(super) max_calls: usize,
}

impl DecodeRequest<Payload> for Codec {
    async fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> Result<Payload, Error> {
        let is_json = |essence: &str| {
            let essence = essence.to_ascii_lowercase();
            matches!(&*essence, "application/json" | "application/json-rpc") || essence.ends_with("+json")
        };
        expect_media_type(parts, is_json, "application/json")?;
        let on_error = body.error_handlers().cloned();
        Ok(Payload { on_error, ..Payload::read(&read(body, limit).await?, self.max_calls) })
    }
}

impl EncodeResponse<Reply> for Codec {
    fn encode(&self, reply: Reply) -> Result<Response<Body>, Error> {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = reply.headers;
        match reply.body {
            Some(body) => {
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *response.body_mut() = body.into();
            }
            None => *response.status_mut() = StatusCode::NO_CONTENT,
        }
        Ok(response)
    }
}
