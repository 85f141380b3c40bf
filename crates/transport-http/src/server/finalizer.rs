use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;
use towerkit_endpoint::{BoxError, Code, Ending, Error};

use super::exchange::exchange;
use super::{Finalize, Summary};
use crate::Body;

/// Runs the finalize hooks when it is dropped: with the future while there is no reply, with the reply's body from then on.
pub(super) struct Finalizer {
    hooks: Vec<Arc<Finalize>>,
    started: Instant,
    /// Of the reply, where it is a failed one.
    code: Option<Code>,
    summary: Summary,
}

impl Finalizer {
    pub(super) fn start(hooks: &[Arc<Finalize>], parts: &Parts, body: &Body) -> Option<Self> {
        (!hooks.is_empty()).then(|| Self {
            hooks: hooks.to_vec(),
            started: Instant::now(),
            code: None,
            summary: Summary {
                exchange: exchange(parts, body),
                version: parts.version,
                status: None,
                body_bytes: 0,
                elapsed: Duration::ZERO,
                ending: Ending::Cancelled,
            },
        })
    }

    pub(super) const fn reached_endpoint(&mut self) {
        self.summary.exchange.reached_endpoint = true;
    }

    /// There is a reply: what comes now is about its body.
    pub(super) fn watch(mut self, response: Response<Body>, code: Option<Code>) -> Response<Body> {
        self.summary.status = Some(response.status());
        self.code = code;
        response.map(|body| Body::new(Watched { body, finalizer: self }))
    }

    fn complete(&mut self) {
        self.summary.ending = self.code.into();
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
                let code = error.downcast_ref().map_or(Code::Internal, Error::code);
                self.finalizer.summary.ending = Ending::Failed(code);
            }
            None => self.finalizer.complete(),
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
        if self.finalizer.summary.ending == Ending::Cancelled && self.body.is_end_stream() {
            self.finalizer.complete();
        }
    }
}
