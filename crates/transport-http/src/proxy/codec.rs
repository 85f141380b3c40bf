use http::request::Parts;
use http::{Request, Response};
use towerkit_endpoint::Error;

use crate::codec::{DecodeRequest, EncodeResponse, Plain};
use crate::{Body, Server};

/// Requests and responses as they are. The message has the method, the target and the body; the headers are the metadata of its
/// context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whole;

/// Mounts a [`ReverseProxy`](super::ReverseProxy), with layers around it or without.
#[must_use]
pub fn server<E>(endpoint: E) -> Server<E, Whole, Whole, Request<Body>, Plain> {
    Server::new(endpoint, Whole, Whole)
}

impl DecodeRequest<Request<Body>> for Whole {
    async fn decode(&self, parts: &mut Parts, body: Body, _: usize) -> Result<Request<Body>, Error> {
        let mut request = Request::new(body);
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = parts.uri.clone();
        *request.version_mut() = parts.version;
        Ok(request)
    }
}

impl EncodeResponse<Response<Body>> for Whole {
    const STREAMS: bool = true;

    fn encode(&self, reply: Response<Body>) -> Result<Response<Body>, Error> {
        Ok(reply)
    }
}
