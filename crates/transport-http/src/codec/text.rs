use std::fmt::Display;

use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use towerkit_endpoint::Error;

use super::{DecodeRequest, EncodeResponse, read};
use crate::Body;

/// Plain text in UTF-8: a `String` is read, anything that has `Display` is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text;

impl DecodeRequest<String> for Text {
    async fn decode(&self, _: &mut Parts, body: Body, limit: usize) -> Result<String, Error> {
        String::from_utf8(read(body, limit).await?.into()).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            Error::invalid("", format!("the body is not UTF-8 at byte {place}")).with_source(error)
        })
    }
}

impl<R: Display> EncodeResponse<R> for Text {
    fn encode(&self, reply: R) -> Result<Response<Body>, Error> {
        let mut response = Response::new(reply.to_string().into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Ok(response)
    }
}
