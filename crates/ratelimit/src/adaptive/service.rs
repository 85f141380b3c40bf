use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::PollSemaphore;
use tower_service::Service;
use towerkit_endpoint::{Code, Failure};

use super::Sample;
use super::permits::Permits;

/// A service inside an [`AdaptiveLimitLayer`](crate::AdaptiveLimitLayer).
#[derive(Debug)]
pub struct AdaptiveLimit<S> {
    inner: S,
    permits: Arc<Permits>,
    semaphore: PollSemaphore,
    // Taken by `poll_ready`, and given to the next call.
    permit: Option<OwnedSemaphorePermit>,
}

impl<S> AdaptiveLimit<S> {
    pub(super) fn new(inner: S, permits: Arc<Permits>) -> Self {
        let semaphore = PollSemaphore::new(Arc::clone(&permits.semaphore));
        Self { inner, permits, semaphore, permit: None }
    }
}

/// Readiness is not copied.
impl<S: Clone> Clone for AdaptiveLimit<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.permits))
    }
}

impl<S, Req> Service<Req> for AdaptiveLimit<S>
where
    S: Service<Req>,
    S::Error: Failure,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = AdaptiveLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.permit.is_none() {
            self.permit = ready!(self.semaphore.poll_acquire(cx));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let held = self.permit.take().map(|permit| Held {
            in_flight: self.permits.enter(),
            permits: Arc::clone(&self.permits),
            permit: Some(permit),
            began: Instant::now(),
        });
        AdaptiveLimitFuture { inner: self.inner.call(request), held }
    }
}

/// What a call holds.
#[derive(Debug)]
struct Held {
    permits: Arc<Permits>,
    permit: Option<OwnedSemaphorePermit>,
    in_flight: usize,
    began: Instant,
}

impl Held {
    fn ended(mut self, dropped: bool) {
        if let Some(permit) = self.permit.take() {
            let sample = Sample { took: self.began.elapsed(), in_flight: self.in_flight, dropped };
            self.permits.learn(&sample, permit);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.permits.leave();
    }
}

pin_project! {
    /// The future of an [`AdaptiveLimit`].
    #[derive(Debug)]
    pub struct AdaptiveLimitFuture<F> {
        #[pin]
        inner: F,
        // None once the call has ended, and where it was made without being ready, which no caller may.
        held: Option<Held>,
    }
}

impl<F, R, E> Future for AdaptiveLimitFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Failure,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        if let Some(held) = this.held.take() {
            held.ended(result.as_ref().is_err_and(is_dropped));
        }
        Poll::Ready(result)
    }
}

/// Whether a server that has too much to do fails so: in time it did not answer, or it refused. One that is merely unavailable may have
/// any trouble, and fewer calls don't help it.
fn is_dropped<E: Failure>(error: &E) -> bool {
    match error.code() {
        Code::DeadlineExceeded | Code::ResourceExhausted => true,
        Code::Unavailable => error.is_not_sent() || error.retry_after().is_some(),
        _ => false,
    }
}
