use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;
use towerkit_endpoint::{BoxError, Code, Error};

use super::{Exchange, Finalize, Outcome, Summary};
use crate::Body;

/// Runs the finalize hooks when it is dropped: with the future while there is no reply, with the reply's body from then on.
pub(super) struct Finalizer {
    hooks: Vec<Arc<Finalize>>,
    started: Instant,
    summary: Summary,
}

impl Finalizer {
    pub(super) fn start(hooks: &[Arc<Finalize>], parts: &Parts) -> Option<Self> {
        (!hooks.is_empty()).then(|| Self {
            hooks: hooks.to_vec(),
            started: Instant::now(),
            summary: Summary {
                exchange: Exchange::of(parts),
                status: None,
                code: None,
                body_bytes: 0,
                elapsed: std::time::Duration::ZERO,
                outcome: Outcome::Cancelled,
            },
        })
    }

    /// There is a reply: what comes now is about its body.
    pub(super) fn watch(mut self, response: Response<Body>, code: Option<Code>) -> Response<Body> {
        self.replied(response.status(), code);
        response.map(|body| Body::new(Watched { body, finalizer: self }))
    }

    fn replied(&mut self, status: StatusCode, code: Option<Code>) {
        self.summary.status = Some(status);
        self.summary.code = code;
        self.summary.outcome = Outcome::Truncated;
    }
}

impl Drop for Finalizer {
    fn drop(&mut self) {
        self.summary.elapsed = self.started.elapsed();
        for hook in &self.hooks {
            hook(&self.summary);
        }
    }
}

struct Watched {
    body: Body,
    finalizer: Finalizer,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                self.finalizer.summary.body_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Some(Err(error)) => {
                self.finalizer.summary.code = error.downcast_ref().map(Error::code).or(Some(Code::Internal));
            }
            None => self.finalizer.summary.outcome = Outcome::Complete,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // A body that says it is at its end is not polled again.
        if self.body.is_end_stream() {
            self.finalizer.summary.outcome = Outcome::Complete;
        }
    }
}
