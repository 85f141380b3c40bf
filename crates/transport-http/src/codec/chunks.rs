use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, response};
use http_body::Body as _;
use towerkit_endpoint::{BoxError, BoxStream, Error};

use super::ndjson::{broke_off, ours_or};
use super::{DecodeRequest, EncodeResponse};
use crate::Body;
use crate::codec::{DecodeResponse, Draft, EncodeRequest};

/// Bytes as they come and go: a stream of [`Bytes`], read from any body, written with a media type.
///
/// Where the chunks begin and end is for the network to say: what was written as one may be read as several. An error in a stream
/// that is written breaks the connection or the HTTP/2 stream off. The limits of [`Server`](crate::Server) and
/// [`Client`](crate::Client) for bodies do not hold for it, since nothing is collected; those of
/// [`Serve`](crate::Serve::request_limit) do.
///
/// ```
/// use bytes::Bytes;
/// use towerkit_endpoint::{BoxStream, Error, endpoint_fn};
/// use towerkit_transport_http::codec::Chunks;
/// use towerkit_transport_http::{Router, Server};
///
/// // Sends back what it gets while it gets it.
/// let echo = endpoint_fn(|chunks: BoxStream<Bytes>| async move { Ok::<_, Error>(chunks) });
/// let routes = Router::new().post("/echo", Server::new(echo, Chunks::default(), Chunks::new("video/mp4")));
/// # let _ = routes;
/// ```
#[derive(Clone, Debug)]
pub struct Chunks {
    media_type: HeaderValue,
}

impl Chunks {
    /// Of a media type, such as `video/mp4`.
    #[must_use]
    pub const fn new(media_type: &'static str) -> Self {
        Self { media_type: HeaderValue::from_static(media_type) }
    }
}

/// `application/octet-stream`.
impl Default for Chunks {
    fn default() -> Self {
        Self::new("application/octet-stream")
    }
}

impl<S, E> EncodeResponse<S> for Chunks
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<Error> + 'static,
{
    const STREAMS: bool = true;

    fn encode(&self, reply: S) -> Result<Response<Body>, Error> {
        let mut response = Response::new(Body::from_stream(reply));
        response.headers_mut().insert(CONTENT_TYPE, self.media_type.clone());
        Ok(response)
    }
}

impl<S, E> EncodeRequest<S> for Chunks
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<Error> + 'static,
{
    fn encode(&self, message: S, draft: &mut Draft) -> Result<Body, Error> {
        draft.headers_mut().insert(CONTENT_TYPE, self.media_type.clone());
        Ok(Body::from_stream(message))
    }
}

impl DecodeRequest<BoxStream<Bytes>> for Chunks {
    async fn decode(&self, _: &mut Parts, body: Body, _: usize) -> Result<BoxStream<Bytes>, Error> {
        let broken = |error: BoxError| Error::invalid("", "the body ended before its time").with_source(error);
        Ok(Box::pin(Data { body: Some(body), broken }))
    }
}

impl DecodeResponse<BoxStream<Bytes>> for Chunks {
    const STREAMS: bool = true;

    async fn decode(&self, _: &mut response::Parts, body: Body, _: usize) -> Result<BoxStream<Bytes>, Error> {
        Ok(Box::pin(Data { body: Some(body), broken: broke_off }))
    }
}

/// The data of a body; trailers are passed over.
struct Data {
    body: Option<Body>,
    broken: fn(BoxError) -> Error,
}

impl Stream for Data {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(_trailers) => {}
                },
                Some(Err(error)) => {
                    self.body = None;
                    let broken = self.broken;
                    return Poll::Ready(Some(Err(ours_or(error, broken))));
                }
                None => {
                    self.body = None;
                    return Poll::Ready(None);
                }
            }
        }
    }
}
