use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode, response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use towerkit_endpoint::{BoxStream, Error};

use super::{Event, EventStream};
use crate::Body;
use crate::client::expect_reply_type;
use crate::codec::DecodeResponse;
use crate::codec::EncodeResponse;

const MEDIA_TYPE: &str = "text/event-stream";

/// Server-sent events as a codec: it writes a stream of [`Event`]s, and reads one.
///
/// While there is nothing to send, a comment goes out now and then, so that nothing on the way takes the connection for dead, and
/// the server finds out that the reader has gone. An error in the stream breaks the connection or the HTTP/2 stream off; a reader
/// connects again then. `cache-control: no-cache` goes with the reply, and `x-accel-buffering: no`, which nginx obeys.
///
/// It reads an [`EventStream`], or a [`BoxStream`] of events; the limit of [`Client::reply_limit`](crate::Client::reply_limit) is that
/// of one event.
#[derive(Clone, Copy, Debug)]
pub struct Events {
    keep_alive: Duration,
}

impl Events {
    /// How long it is silent at most, unless [said otherwise](Self::keep_alive): 15 seconds, as WHATWG HTML, section 9.2.7, has it.
    pub const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(15);

    /// With the defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { keep_alive: Self::DEFAULT_KEEP_ALIVE }
    }

    /// How long nothing is sent before a comment is.
    #[must_use]
    pub const fn keep_alive(self, silence: Duration) -> Self {
        Self { keep_alive: silence }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, E> EncodeResponse<S> for Events
where
    S: Stream<Item = Result<Event, E>> + Send + 'static,
    E: Into<Error> + 'static,
{
    const STREAMS: bool = true;

    fn encode(&self, reply: S) -> Result<Response<Body>, Error> {
        let silence = self.keep_alive;
        let mut response =
            Response::new(Body::from_stream(KeptAlive { events: reply, silence, timer: sleep(silence) }));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        Ok(response)
    }
}

impl DecodeResponse<EventStream> for Events {
    const STREAMS: bool = true;

    async fn decode(&self, parts: &mut response::Parts, body: Body, limit: usize) -> Result<EventStream, Error> {
        if parts.status == StatusCode::NO_CONTENT {
            return Ok(EventStream::no_more());
        }
        expect_reply_type(parts, MEDIA_TYPE)?;
        Ok(EventStream::new(body, limit))
    }

    fn accept(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static(MEDIA_TYPE))
    }
}

impl DecodeResponse<BoxStream<Event>> for Events {
    const STREAMS: bool = true;

    async fn decode(&self, parts: &mut response::Parts, body: Body, limit: usize) -> Result<BoxStream<Event>, Error> {
        Ok(Box::pin(DecodeResponse::<EventStream>::decode(self, parts, body, limit).await?))
    }

    fn accept(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static(MEDIA_TYPE))
    }
}

pin_project! {
    /// Events as text, and a comment where there is none for long.
    struct KeptAlive<S> {
        #[pin]
        events: S,
        silence: Duration,
        #[pin]
        timer: Sleep,
    }
}

impl<S, E> Stream for KeptAlive<S>
where
    S: Stream<Item = Result<Event, E>>,
{
    type Item = Result<Bytes, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let next = match this.events.poll_next(cx) {
            Poll::Ready(event) => event.map(|result| result.map(|event| event.to_bytes())),
            Poll::Pending if this.timer.as_mut().poll(cx).is_ready() => Some(Ok(Bytes::from_static(b":\n\n"))),
            Poll::Pending => return Poll::Pending,
        };
        // One that is as good as for ever must not overflow the clock.
        let again = Instant::now().checked_add(*this.silence);
        this.timer.reset(again.unwrap_or_else(|| Instant::now() + Duration::from_secs(365 * 24 * 60 * 60)));
        Poll::Ready(next)
    }
}
