use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use towerkit_endpoint::{Failure, Tail};

use crate::guard::{Guard, watch};

pin_project! {
    /// The future of [`Requests`](super::Requests), and of [`Calls`](crate::Calls).
    #[derive(Debug)]
    pub struct RequestsFuture<F> {
        #[pin]
        inner: F,
        // None where nothing is recorded, and once the call is over.
        guard: Option<Guard>,
        tail: Option<Tail>,
    }
}

impl<F> RequestsFuture<F> {
    pub(crate) const fn new(inner: F, guard: Option<Guard>, tail: Option<Tail>) -> Self {
        Self { inner, guard, tail }
    }
}

impl<F, R, E> Future for RequestsFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Failure,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner;
        let result = ready!(watch(this.guard.as_mut().map(|guard| &mut guard.running), || inner.poll(cx)));
        if let Some(guard) = this.guard.take() {
            guard.ended(&result, this.tail.as_ref());
        }
        Poll::Ready(result)
    }
}
