use http::request::Parts;
use http::{Response, StatusCode};
use towerkit_endpoint::Error;

use super::{DecodeRequest, EncodeResponse};
use crate::Body;

/// Nothing: a request whose body is not looked at is `()`, and `()` is answered with 204, No Content.
#[derive(Clone, Copy, Debug, Default)]
pub struct Empty;

impl DecodeRequest<()> for Empty {
    async fn decode(&self, _: &mut Parts, _: Body, _: usize) -> Result<(), Error> {
        Ok(())
    }
}

impl EncodeResponse<()> for Empty {
    fn encode(&self, (): ()) -> Result<Response<Body>, Error> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }
}
