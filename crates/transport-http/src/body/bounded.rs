use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};
use towerkit_endpoint::{BoxError, Code, Error};

use crate::problem::refused;

/// How much may come, and how slowly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: u64,
    /// How long it may keep its reader waiting.
    pub(crate) time: Duration,
    /// Each so many bytes give a second of the time back; not zero.
    pub(crate) bytes_a_second: u64,
}

/// The limits that whoever reads a body has taken off it.
#[derive(Clone, Copy)]
pub(super) struct Lifted {
    pub(super) bytes: bool,
    pub(super) time: bool,
}

/// A body off the network that may neither be too long nor come too slowly.
pub(super) struct Bounded {
    pub(super) incoming: Incoming,
    bytes: u64,
    pub(super) lifted: Lifted,
    // Set at the first wait: a body that is there with its head never needs a timer.
    slow: Option<Box<Slow>>,
}

struct Slow {
    /// What it has used of its time, up to this wait.
    used: Duration,
    /// When this wait began; none while the reader does something else, which is not the peer's fault.
    since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Bounded {
    pub(super) const fn new(incoming: Incoming) -> Self {
        Self { incoming, bytes: 0, lifted: Lifted { bytes: false, time: false }, slow: None }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
        limits: &BodyLimits,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                if let Some(slow) = &mut self.slow {
                    slow.came(bytes, limits.bytes_a_second);
                }
                self.bytes += bytes;
                if self.bytes > limits.bytes && !self.lifted.bytes {
                    return Poll::Ready(Some(Err(too_large(limits.bytes).into())));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            // The peer broke it off, or framed it wrongly: whoever reads it, and passes that on, is to say so.
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Err(Error::invalid("", "the body ended before its time").with_source(error).into())))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if self.lifted.time => Poll::Pending,
            Poll::Pending => self.poll_too_slow(cx, limits.time),
        }
    }

    fn poll_too_slow(&mut self, cx: &mut Context<'_>, time: Duration) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let slow = self.slow.get_or_insert_with(|| {
            let timer = Box::pin(sleep_until(Instant::now() + time));
            Box::new(Slow { used: Duration::ZERO, since: None, timer })
        });
        if slow.since.is_none() {
            let now = Instant::now();
            slow.since = Some(now);
            slow.timer.as_mut().reset(now + time.saturating_sub(slow.used));
        }
        slow.timer.as_mut().poll(cx).map(|()| {
            let message = "the body comes too slowly".to_owned();
            Some(Err(refused(Code::DeadlineExceeded, StatusCode::REQUEST_TIMEOUT, message).into()))
        })
    }
}

impl Slow {
    fn came(&mut self, bytes: u64, bytes_a_second: u64) {
        let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let back = Duration::from_micros(bytes.saturating_mul(1_000_000) / bytes_a_second);
        self.used = (self.used + waited).saturating_sub(back);
    }
}

pub(crate) fn too_large(limit: u64) -> Error {
    let message = format!("the body is longer than the limit of {limit} bytes");
    refused(Code::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE, message)
}
