use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use towerkit_endpoint::Failure;

use super::service::Attempt;

pin_project! {
    /// The future of [`Attempts`](super::Attempts).
    #[derive(Debug)]
    pub struct AttemptsFuture<F> {
        #[pin]
        inner: F,
        // None where nothing is recorded, and once the attempt is over.
        attempt: Option<Attempt>,
    }
}

impl<F> AttemptsFuture<F> {
    pub(super) const fn new(inner: F, attempt: Option<Attempt>) -> Self {
        Self { inner, attempt }
    }
}

impl<F, R, E> Future for AttemptsFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Failure,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner;
        let result = ready!(Attempt::run(this.attempt.as_mut(), || inner.poll(cx)));
        if let Some(attempt) = this.attempt.take() {
            attempt.ended(&result);
        }
        Poll::Ready(result)
    }
}
