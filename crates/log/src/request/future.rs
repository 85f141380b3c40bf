use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use towerkit_endpoint::Failure;

use super::underway::Underway;

pin_project! {
    /// The future of [`Logged`](super::Logged).
    pub struct LoggedFuture<F> {
        // None once it is dropped.
        #[pin]
        inner: Option<F>,
        // None where nothing is logged, and after the end. Dropped before that, it says so.
        underway: Option<Underway>,
    }

    impl<F> PinnedDrop for LoggedFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(underway) = this.underway {
                underway.cancel(|| this.inner.set(None));
            }
        }
    }
}

impl<F> LoggedFuture<F> {
    pub(super) const fn new(inner: F, underway: Option<Underway>) -> Self {
        Self { inner: Some(inner), underway }
    }
}

impl<F, R, E> Future for LoggedFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Failure,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else { return Poll::Pending };
        let Some(underway) = this.underway else { return inner.poll(cx) };
        let result = ready!(underway.run(|| inner.poll(cx)));
        if let Some(underway) = this.underway.take() {
            underway.end(&result);
        }
        Poll::Ready(result)
    }
}

impl<F> fmt::Debug for LoggedFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedFuture").finish_non_exhaustive()
    }
}
