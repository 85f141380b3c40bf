use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::DeadlineElapsed;
use crate::Tail;

pin_project! {
    /// The future of [`Deadline`](super::Deadline).
    #[derive(Debug)]
    pub struct DeadlineFuture<F> {
        // None where the deadline had passed on arrival.
        #[pin]
        inner: Option<F>,
        deadline: Option<Instant>,
        // Set at the first poll that finds the inner future not done: most calls never need a timer.
        #[pin]
        sleep: Option<Sleep>,
        tail: Option<Tail>,
    }
}

impl<F> DeadlineFuture<F> {
    pub(super) const fn new(inner: F, deadline: Option<Instant>, tail: Option<Tail>) -> Self {
        Self { inner: Some(inner), deadline, sleep: None, tail }
    }

    pub(super) const fn elapsed() -> Self {
        Self { inner: None, deadline: None, sleep: None, tail: None }
    }
}

impl<F, R, E> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: From<DeadlineElapsed>,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(Err(DeadlineElapsed::new().into()));
        };
        // The inner future goes first: an answer that is there in time is never turned into a failure.
        if let Poll::Ready(result) = inner.poll(cx) {
            if let (Ok(_), Some(tail), Some(deadline)) = (&result, &this.tail, *this.deadline) {
                tail.shorten_deadline_until(deadline);
            }
            return Poll::Ready(result);
        }
        let Some(deadline) = *this.deadline else { return Poll::Pending };
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(deadline)));
        }
        match this.sleep.as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(DeadlineElapsed::new().into())),
            _ => Poll::Pending,
        }
    }
}
