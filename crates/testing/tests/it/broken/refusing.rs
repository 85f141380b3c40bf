//! Breakers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tower_service::Service;
use towerkit_testing::BoxError;

use crate::layers::Boxed;

/// Law 3: refuses, if it is on, after it has called the inner service.
#[derive(Clone)]
pub(crate) struct RefusesLate<S> {
    pub(crate) inner: S,
    pub(crate) on: bool,
}

impl<S, Req> Service<Req> for RefusesLate<S>
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
        let on = self.on;
        Box::pin(async move {
            let reply = call.await?;
            if on { Err("refused".into()) } else { Ok(reply) }
        })
    }
}

/// Law 3: a breaker that is ready without its inner service when open, then lets the second call through as a trial,
/// and so calls what was never made ready.
pub(crate) struct TriesUnready<S> {
    inner: S,
    calls: Arc<AtomicUsize>,
    open: bool,
}

impl<S> TriesUnready<S> {
    pub(crate) fn new(inner: S, open: bool) -> Self {
        Self { inner, calls: Arc::default(), open }
    }
}

impl<S: Clone> Clone for TriesUnready<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), calls: Arc::clone(&self.calls), open: self.open }
    }
}

impl<S, Req> Service<Req> for TriesUnready<S>
where
    S: Service<Req, Error = BoxError>,
    S::Future: 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.open { Poll::Ready(Ok(())) } else { self.inner.poll_ready(cx) }
    }

    fn call(&mut self, request: Req) -> Self::Future {
        if self.open && self.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            return Box::pin(async { Err("open".into()) });
        }
        Box::pin(self.inner.call(request))
    }
}

/// Law 7: a breaker that takes a cancelled call for a failure.
pub(crate) struct CountsCancelled<S> {
    inner: S,
    failures: Arc<AtomicUsize>,
    limit: usize,
}

impl<S> CountsCancelled<S> {
    pub(crate) fn new(inner: S, limit: usize) -> Self {
        Self { inner, failures: Arc::default(), limit }
    }
}

impl<S: Clone> Clone for CountsCancelled<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), failures: Arc::clone(&self.failures), limit: self.limit }
    }
}

struct Failure(Arc<AtomicUsize>);

impl Drop for Failure {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<S, Req> Service<Req> for CountsCancelled<S>
where
    S: Service<Req, Error = BoxError>,
    S::Future: 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        if self.failures.load(Ordering::SeqCst) >= self.limit {
            return Box::pin(async { Err("open".into()) });
        }
        let call = self.inner.call(request);
        let failures = Arc::clone(&self.failures);
        Box::pin(async move {
            let failure = Failure(Arc::clone(&failures));
            let reply = call.await?;
            drop(failure);
            failures.fetch_sub(1, Ordering::SeqCst);
            Ok(reply)
        })
    }
}
