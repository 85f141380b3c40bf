//! Small layers that keep the laws.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tower_service::Service;
use towerkit_testing::BoxError;

pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>>>>;

/// Always ready; a clone is made ready and called inside the future, after a wait for something else.
#[derive(Clone)]
pub(crate) struct Later<S>(pub(crate) S);

impl<S, Req> Service<Req> for Later<S>
where
    S: Service<Req, Error = BoxError> + Clone + 'static,
    Req: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let mut late = Late(self.0.clone());
        Box::pin(async move {
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            late.call(request).await
        })
    }
}

/// Always ready; a clone is made ready and called inside the future.
#[derive(Clone)]
pub(crate) struct Late<S>(pub(crate) S);

impl<S, Req> Service<Req> for Late<S>
where
    S: Service<Req, Error = BoxError> + Clone + 'static,
    Req: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let mut inner = self.0.clone();
        Box::pin(async move {
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            inner.call(request).await
        })
    }
}

/// One more attempt after a failure, on the same instance, made ready again.
#[derive(Clone)]
pub(crate) struct Again<S>(pub(crate) S);

impl<S, Req> Service<Req> for Again<S>
where
    S: Service<Req, Error = BoxError> + Clone + 'static,
    Req: Clone + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let fresh = self.0.clone();
        let mut ready = std::mem::replace(&mut self.0, fresh);
        Box::pin(async move {
            if let Ok(reply) = ready.call(request.clone()).await {
                return Ok(reply);
            }
            poll_fn(|cx| ready.poll_ready(cx)).await?;
            ready.call(request).await
        })
    }
}

/// Refuses after so many failures. Ready without its inner service then, and does not call it.
pub(crate) struct Breaker<S> {
    inner: S,
    /// Whether `poll_ready` asked the inner service, so that it may be called.
    asked: bool,
    failures: Arc<AtomicUsize>,
    limit: usize,
}

impl<S> Breaker<S> {
    pub(crate) fn new(inner: S, limit: usize) -> Self {
        Self { inner, asked: false, failures: Arc::default(), limit }
    }

    fn open(&self) -> bool {
        self.failures.load(Ordering::SeqCst) >= self.limit
    }
}

impl<S: Clone> Clone for Breaker<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), asked: false, failures: Arc::clone(&self.failures), limit: self.limit }
    }
}

impl<S, Req> Service<Req> for Breaker<S>
where
    S: Service<Req, Error = BoxError>,
    S::Future: 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.open() {
            return Poll::Ready(Ok(()));
        }
        let poll = self.inner.poll_ready(cx);
        self.asked = poll.is_ready();
        poll
    }

    fn call(&mut self, request: Req) -> Self::Future {
        if self.open() || !std::mem::replace(&mut self.asked, false) {
            return Box::pin(async { Err("open".into()) });
        }
        let call = self.inner.call(request);
        let failures = Arc::clone(&self.failures);
        Box::pin(async move {
            let result = call.await;
            failures.fetch_add(usize::from(result.is_err()), Ordering::SeqCst);
            result
        })
    }
}

/// Counts the calls in flight. `GUARDED` says whether a dropped call counts down.
#[derive(Clone)]
pub(crate) struct Gauge<S, const GUARDED: bool> {
    pub(crate) inner: S,
    pub(crate) in_flight: Arc<AtomicU64>,
}

struct Guard(Option<Arc<AtomicU64>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(gauge) = &self.0 {
            gauge.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl<S, Req, const GUARDED: bool> Service<Req> for Gauge<S, GUARDED>
where
    S: Service<Req, Error = BoxError>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let call = self.inner.call(request);
        let gauge = Arc::clone(&self.in_flight);
        Box::pin(async move {
            gauge.fetch_add(1, Ordering::SeqCst);
            let guard = Guard(GUARDED.then(|| Arc::clone(&gauge)));
            let result = call.await;
            if guard.0.is_none() {
                gauge.fetch_sub(1, Ordering::SeqCst);
            }
            result
        })
    }
}
