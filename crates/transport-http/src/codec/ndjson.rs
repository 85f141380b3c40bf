use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Response, response};
use http_body::Body as _;
use pin_project_lite::pin_project;
use serde::Serialize;
use serde::de::DeserializeOwned;
use towerkit_endpoint::{BoxError, BoxStream, Code, Error};

use super::{DecodeRequest, EncodeResponse, expect_media_type};
use crate::Body;
use crate::body::too_large;
use crate::client::{expect_reply_type, unreadable};
use crate::codec::json::from_slice;
use crate::codec::{DecodeResponse, Draft, EncodeRequest};

const MEDIA_TYPE: &str = "application/x-ndjson";

/// A stream as lines of JSON (`application/x-ndjson`): each item is one line.
///
/// It writes any stream of `Result`s, item by item, as fast as they are read on the other side. An error in the stream breaks the
/// connection or the HTTP/2 stream off, so that what was cut is never taken for the whole.
///
/// It reads a [`BoxStream`]. The limit for the body, of [`Server::request_limit`](crate::Server::request_limit) or
/// [`Client::reply_limit`](crate::Client::reply_limit), is that of a line. A line that can't be read is an error that names its number,
/// and is the last item. Empty lines are passed over, and the last line need not be ended. What a whole request may have is the
/// limit of [`Serve::request_limit`](crate::Serve::request_limit), and how slowly it may come that of
/// [`Serve::body_timeout`](crate::Serve::body_timeout): both are raised for an upload without an end.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use towerkit_endpoint::{BoxEndpoint, BoxStream, Endpoint, Error, endpoint_fn};
/// use towerkit_transport_http::codec::{Ndjson, Query};
/// use towerkit_transport_http::{Remote, Router, Server};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Count {
///     to: u32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let count = endpoint_fn(|count: Count| async move {
///     Ok::<_, Error>(stream::iter(1..=count.to).map(Ok::<_, Error>))
/// });
/// let routes = Router::new().get("/count", Server::new(count, Query, Ndjson));
///
/// let remote = Remote::over(routes, "http://counter")?; // over the network: a `Pool`
/// let count: BoxEndpoint<Count, BoxStream<u32>> = remote.get("/count").codecs(Query, Ndjson).erased();
/// let mut numbers = count.invoke(Count { to: 3 }).await?;
/// while let Some(number) = numbers.next().await {
///     println!("{}", number?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Ndjson;

impl<S, R, E> EncodeResponse<S> for Ndjson
where
    S: Stream<Item = Result<R, E>> + Send + 'static,
    R: Serialize,
    E: Into<Error>,
{
    const STREAMS: bool = true;

    fn encode(&self, reply: S) -> Result<Response<Body>, Error> {
        let mut response = Response::new(Body::from_stream(Lines { items: reply }));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        Ok(response)
    }
}

impl<S, R, E> EncodeRequest<S> for Ndjson
where
    S: Stream<Item = Result<R, E>> + Send + 'static,
    R: Serialize,
    E: Into<Error>,
{
    fn encode(&self, message: S, draft: &mut Draft) -> Result<Body, Error> {
        draft.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        Ok(Body::from_stream(Lines { items: message }))
    }
}

impl<T: DeserializeOwned + Send + 'static> DecodeRequest<BoxStream<T>> for Ndjson {
    async fn decode(&self, parts: &mut Parts, body: Body, limit: usize) -> Result<BoxStream<T>, Error> {
        expect_media_type(parts, |essence| essence.eq_ignore_ascii_case(MEDIA_TYPE), MEDIA_TYPE)?;
        let bad = |line: u64, text: &[u8]| {
            from_slice(text)
                .map_err(|error| Error::invalid(format!("line {line}"), error.message().to_owned()).with_source(error))
        };
        let broken = |error: BoxError| Error::invalid("", "the body ended before its time").with_source(error);
        Ok(Box::pin(Items::new(body, limit, bad, broken, |limit| too_large(limit as u64))))
    }
}

impl<R: DeserializeOwned + Send + 'static> DecodeResponse<BoxStream<R>> for Ndjson {
    const STREAMS: bool = true;

    async fn decode(&self, parts: &mut response::Parts, body: Body, limit: usize) -> Result<BoxStream<R>, Error> {
        expect_reply_type(parts, MEDIA_TYPE)?;
        let read = |_: u64, text: &[u8]| from_slice(text).map_err(unreadable);
        let long = |limit| {
            Error::new(Code::ResourceExhausted, format!("a line of the service's reply is longer than {limit} bytes"))
        };
        Ok(Box::pin(Items::new(body, limit, read, broke_off, long)))
    }

    fn accept(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static(MEDIA_TYPE))
    }
}

/// A reply that ended before its end.
pub(crate) fn broke_off(error: BoxError) -> Error {
    Error::new(Code::Unavailable, "the service's reply broke off").with_source(error)
}

pin_project! {
    /// Items as lines.
    struct Lines<S> {
        #[pin]
        items: S,
    }
}

impl<S, R, E> Stream for Lines<S>
where
    S: Stream<Item = Result<R, E>>,
    R: Serialize,
    E: Into<Error>,
{
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(item) = ready!(self.project().items.poll_next(cx)) else { return Poll::Ready(None) };
        let line = item.map_err(Into::into).and_then(|item| serde_json::to_vec(&item).map_err(Error::internal));
        Poll::Ready(Some(line.map(|mut line| {
            line.push(b'\n');
            line.into()
        })))
    }
}

/// Lines as items. The functions say how a line is read, and what errors are called on this side.
struct Items<T> {
    /// None after an error, and after the end.
    body: Option<Body>,
    buffer: BytesMut,
    /// So much of the buffer has no end of a line in it.
    searched: usize,
    line: u64,
    limit: usize,
    read: fn(u64, &[u8]) -> Result<T, Error>,
    broken: fn(BoxError) -> Error,
    too_long: fn(usize) -> Error,
}

impl<T> Items<T> {
    fn new(
        body: Body,
        limit: usize,
        read: fn(u64, &[u8]) -> Result<T, Error>,
        broken: fn(BoxError) -> Error,
        too_long: fn(usize) -> Error,
    ) -> Self {
        Self { body: Some(body), buffer: BytesMut::new(), searched: 0, line: 0, limit, read, broken, too_long }
    }

    /// The next line that is there whole; at the end of the body also one that is not ended.
    fn line(&mut self, at_end: bool) -> Option<Bytes> {
        let end = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n').map(|end| self.searched + end);
        let line = match end {
            Some(end) => {
                let line = self.buffer.split_to(end + 1).freeze();
                line.slice(..end)
            }
            None if at_end && !self.buffer.is_empty() => self.buffer.split().freeze(),
            None => {
                self.searched = self.buffer.len();
                return None;
            }
        };
        self.searched = 0;
        self.line += 1;
        Some(line)
    }

    /// What a line holds; nothing where it is empty.
    fn item(&mut self, line: &Bytes) -> Option<Result<T, Error>> {
        let text = line.trim_ascii();
        if text.is_empty() {
            return None;
        }
        let item =
            if line.len() > self.limit { Err((self.too_long)(self.limit)) } else { (self.read)(self.line, text) };
        if item.is_err() {
            self.body = None;
        }
        Some(item)
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.body.is_none() {
                return Poll::Ready(None);
            }
            while let Some(line) = this.line(false) {
                if let Some(item) = this.item(&line) {
                    return Poll::Ready(Some(item));
                }
            }
            if this.buffer.len() > this.limit {
                this.body = None;
                return Poll::Ready(Some(Err((this.too_long)(this.limit))));
            }
            let Some(body) = &mut this.body else { continue };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        this.buffer.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    this.body = None;
                    return Poll::Ready(Some(Err(ours_or(error, this.broken))));
                }
                None => {
                    let last = this.line(true).and_then(|line| this.item(&line));
                    this.body = None;
                    return Poll::Ready(last);
                }
            }
        }
    }
}

/// What a body of ours failed with, as it is; anything else by its name on this side.
pub(crate) fn ours_or(error: BoxError, foreign: impl FnOnce(BoxError) -> Error) -> Error {
    error.downcast::<Error>().map_or_else(foreign, |ours| *ours)
}
