use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;
use towerkit_endpoint::BoxError;
use towerkit_transport_http::Body;

use super::{Decoder, FrameError};

/// The messages of a body, and the trailers behind them.
pub(crate) struct Messages {
    body: Body,
    decoder: Decoder,
    trailers: Option<HeaderMap>,
    ended: bool,
}

/// Why there are no more.
pub(crate) enum MessagesError {
    /// What came is no message.
    Frame(FrameError),
    /// No more comes.
    Body(BoxError),
}

impl Messages {
    pub(crate) const fn new(body: Body, decoder: Decoder) -> Self {
        Self { body, decoder, trailers: None, ended: false }
    }

    /// The next one; none at the end of the body.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, MessagesError>> {
        loop {
            if let Some(message) = self.decoder.next().map_err(MessagesError::Frame)? {
                return Poll::Ready(Ok(Some(message)));
            }
            if self.ended {
                return Poll::Ready(Ok(None));
            }
            // A body that says it is at its end need not be asked once more.
            let frame = if self.body.is_end_stream() { None } else { ready!(Pin::new(&mut self.body).poll_frame(cx)) };
            match frame.transpose().map_err(MessagesError::Body)? {
                Some(frame) => match frame.into_data() {
                    Ok(data) => self.decoder.push(data),
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
                None => {
                    self.ended = true;
                    if self.decoder.is_within_message() {
                        return Poll::Ready(Err(MessagesError::Frame(FrameError::Truncated)));
                    }
                }
            }
        }
    }

    /// What came behind the messages, once they have come to their end.
    pub(crate) const fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take()
    }
}
