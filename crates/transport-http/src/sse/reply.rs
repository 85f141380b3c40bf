use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use http_body::Body as _;
use towerkit_endpoint::Error;

use super::{Event, EventDecoder};
use crate::Body;
use crate::codec::ndjson::{broke_off, ours_or};

/// The events of one connection. [`EventSource`](super::EventSource) reads those of many.
///
/// Dropping it ends the connection, or the HTTP/2 stream.
pub struct EventStream {
    body: Option<Body>,
    decoder: EventDecoder,
    no_more: bool,
}

impl EventStream {
    pub(super) fn new(body: Body, limit: usize) -> Self {
        Self { body: Some(body), decoder: EventDecoder::new(limit), no_more: false }
    }

    /// What a status of 204 says: the reader is not to come back.
    pub(super) fn no_more() -> Self {
        Self { body: None, decoder: EventDecoder::new(0), no_more: true }
    }

    /// Whether the server said that there is no more to come, by 204.
    #[must_use]
    pub const fn is_no_more(&self) -> bool {
        self.no_more
    }

    /// The id to go on from; see [`EventDecoder::last_event_id`].
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.decoder.last_event_id()
    }

    /// Whether an id came, be it an empty one, which makes the reader forget.
    pub(super) fn ids(&self) -> Option<Option<&str>> {
        self.decoder.had_id().then(|| self.decoder.last_event_id())
    }

    /// How long to wait before the next connection, where the server said so.
    #[must_use]
    pub const fn retry(&self) -> Option<Duration> {
        self.decoder.retry()
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            match this.decoder.next_event() {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                Ok(None) => {}
                Err(error) => {
                    this.body = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        this.decoder.push(data);
                    }
                }
                Some(Err(error)) => {
                    this.body = None;
                    return Poll::Ready(Some(Err(ours_or(error, broke_off))));
                }
                None => this.body = None,
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("last_event_id", &self.last_event_id()).finish_non_exhaustive()
    }
}
