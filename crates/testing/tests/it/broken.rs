//! Layers that each break one law, on purpose.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;
use tower_service::Service;
use towerkit_testing::BoxError;

use crate::layers::Boxed;

/// A service that passes readiness through; `$call` is its `call`.
macro_rules! passes_readiness {
    ($(#[$doc:meta])* $name:ident, |$this:ident, $request:ident| $call:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $name<S>(pub(crate) S);

        impl<S, Req> Service<Req> for $name<S>
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

            fn call(&mut self, $request: Req) -> Self::Future {
                let $this = self;
                $call
            }
        }
    };
}

passes_readiness!(
    /// Law 1: calls a clone, which nobody made ready.
    CloneInCall,
    |this, request| {
        let mut inner = this.0.clone();
        Box::pin(async move { inner.call(request).await })
    }
);

passes_readiness!(
    /// Law 1: makes a clone ready and calls it; the instance that was ready stays behind.
    ReadiesAClone,
    |this, request| {
        let mut inner = this.0.clone();
        Box::pin(async move {
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            inner.call(request).await
        })
    }
);

passes_readiness!(
    /// Law 4: sleeps between being ready and calling.
    SleepsWhileReady,
    |this, request| {
        let fresh = this.0.clone();
        let mut ready = std::mem::replace(&mut this.0, fresh);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            ready.call(request).await
        })
    }
);

passes_readiness!(
    /// Law 5: the second attempt goes to the instance that the first one used up.
    RetriesUnready,
    |this, request| {
        let fresh = this.0.clone();
        let mut ready = std::mem::replace(&mut this.0, fresh);
        Box::pin(async move {
            if let Ok(reply) = ready.call(request.clone()).await {
                return Ok(reply);
            }
            ready.call(request).await
        })
    }
);

passes_readiness!(
    /// Law 8: polls the call once inside `call`.
    StartsInCall,
    |this, request| {
        let mut call = Box::pin(this.0.call(request));
        let first = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        Box::pin(async move {
            match first {
                Poll::Ready(result) => result,
                Poll::Pending => call.await,
            }
        })
    }
);

/// Law 7, and 8: hands the call to a task, which goes on without the caller.
#[derive(Clone)]
pub(crate) struct Spawns<S>(pub(crate) S);

impl<S, Req> Service<Req> for Spawns<S>
where
    S: Service<Req, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let task = tokio::spawn(self.0.call(request));
        Box::pin(async move { task.await? })
    }
}

/// Law 2, each in its own way, on a service that otherwise passes through.
#[derive(Clone)]
pub(crate) struct Readying<S> {
    pub(crate) inner: S,
    pub(crate) how: How,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    WakesItself,
    DropsTheWaker,
    Spawns,
    SaysReadyAnyhow,
    ReadiesAClonePerPoll,
    /// Law 3: a dead inner service looks like a busy one.
    SwallowsFailure,
}

impl<S, Req> Service<Req> for Readying<S>
where
    S: Service<Req, Error = BoxError> + Clone,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self.how {
            How::WakesItself => {
                let poll = self.inner.poll_ready(cx);
                if poll.is_pending() {
                    cx.waker().wake_by_ref();
                }
                poll
            }
            How::DropsTheWaker => self
                .inner
                .poll_ready(&mut Context::from_waker(Waker::noop())),
            How::Spawns => {
                tokio::spawn(async {});
                self.inner.poll_ready(cx)
            }
            How::SaysReadyAnyhow => {
                let _ = self.inner.poll_ready(cx)?;
                Poll::Ready(Ok(()))
            }
            How::ReadiesAClonePerPoll => {
                self.inner = self.inner.clone();
                self.inner.poll_ready(cx)
            }
            How::SwallowsFailure => match self.inner.poll_ready(cx) {
                Poll::Ready(Err(_)) => Poll::Pending,
                poll => poll,
            },
        }
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.inner.call(request)
    }
}

/// Law 2: compares the calls in flight with the limit. Law 3 if `refuses`: then a full service is an error.
pub(crate) struct Compares<S> {
    inner: S,
    in_flight: Arc<AtomicUsize>,
    freed: PollSemaphore,
    limit: usize,
}

impl<S> Compares<S> {
    pub(crate) fn new(inner: S, limit: usize) -> Self {
        Self {
            inner,
            in_flight: Arc::default(),
            freed: PollSemaphore::new(Arc::new(Semaphore::new(limit))),
            limit,
        }
    }
}

impl<S: Clone> Clone for Compares<S> {
    fn clone(&self) -> Self {
        let (in_flight, freed) = (Arc::clone(&self.in_flight), self.freed.clone());
        Self {
            inner: self.inner.clone(),
            in_flight,
            freed,
            limit: self.limit,
        }
    }
}

struct InFlight(
    Arc<AtomicUsize>,
    #[expect(dead_code, reason = "held until the call ends")] Option<OwnedSemaphorePermit>,
);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<S, Req> Service<Req> for Compares<S>
where
    S: Service<Req, Error = BoxError>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.in_flight.load(Ordering::SeqCst) >= self.limit {
            // Only to be woken: the permit goes back at once.
            ready!(self.freed.poll_acquire(cx));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let permit = self.freed.clone_inner().try_acquire_owned().ok();
        let guard = InFlight(Arc::clone(&self.in_flight), permit);
        let call = self.inner.call(request);
        Box::pin(async move {
            let _guard = guard;
            call.await
        })
    }
}

/// A concurrency limit with a defect.
pub(crate) struct Limit<S> {
    inner: S,
    permits: PollSemaphore,
    permit: Option<OwnedSemaphorePermit>,
    defect: Defect,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Defect {
    /// Law 2: each poll takes a permit more.
    TakesOnePerPoll,
    /// Law 3: a full service is dead.
    RefusesInPollReady,
    /// Law 4: the inner service is made ready first, and then waits for the permit.
    ReadiesFirst,
    /// Law 7: a dropped call keeps its permit.
    LeaksOnDrop,
    /// Law 7: so does one that is dropped before its first poll.
    LeaksUnpolled,
    /// Law 7: so does one that fails.
    LeaksOnFailure,
}

impl<S> Limit<S> {
    pub(crate) fn new(inner: S, limit: usize, defect: Defect) -> Self {
        Self {
            inner,
            permits: PollSemaphore::new(Arc::new(Semaphore::new(limit))),
            permit: None,
            defect,
        }
    }
}

impl<S: Clone> Clone for Limit<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            permits: self.permits.clone(),
            permit: None,
            defect: self.defect,
        }
    }
}

impl<S, Req> Service<Req> for Limit<S>
where
    S: Service<Req, Error = BoxError>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.defect == Defect::ReadiesFirst {
            ready!(self.inner.poll_ready(cx))?;
        }
        if self.permit.is_none() || self.defect == Defect::TakesOnePerPoll {
            let permit = match self.permits.poll_acquire(cx) {
                Poll::Pending if self.defect == Defect::RefusesInPollReady => {
                    return Poll::Ready(Err("full".into()));
                }
                poll => ready!(poll),
            };
            if let Some(before) = std::mem::replace(&mut self.permit, permit) {
                before.forget();
            }
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let permit = self.permit.take();
        let call = self.inner.call(request);
        let forget = |permit: Option<OwnedSemaphorePermit>| {
            permit.into_iter().for_each(OwnedSemaphorePermit::forget);
        };
        let permits = self.permits.clone_inner();
        match self.defect {
            Defect::LeaksOnDrop => {
                forget(permit);
                Box::pin(async move {
                    let result = call.await;
                    permits.add_permits(1);
                    result
                })
            }
            Defect::LeaksUnpolled => {
                forget(permit);
                Box::pin(async move {
                    permits.add_permits(1);
                    let _permit = permits.try_acquire_owned();
                    call.await
                })
            }
            Defect::LeaksOnFailure => Box::pin(async move {
                let result = call.await;
                if result.is_err() {
                    forget(permit);
                }
                result
            }),
            _ => Box::pin(async move {
                let _permit = permit;
                call.await
            }),
        }
    }
}

/// Law 3: a switch that is off makes `poll_ready` fail.
#[derive(Clone)]
pub(crate) struct Switch<S> {
    pub(crate) inner: S,
    pub(crate) off: Arc<AtomicBool>,
}

impl<S, Req> Service<Req> for Switch<S>
where
    S: Service<Req, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.off.load(Ordering::SeqCst) {
            return Poll::Ready(Err("off".into()));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.inner.call(request)
    }
}

/// Law 6: takes the first of two services that is ready, before it knows the request.
#[derive(Clone)]
pub(crate) struct PicksByReadiness<S> {
    pub(crate) choices: [S; 2],
    pub(crate) picked: Option<usize>,
}

impl<S, Req> Service<Req> for PicksByReadiness<S>
where
    S: Service<Req, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        for (at, choice) in self.choices.iter_mut().enumerate() {
            if choice.poll_ready(cx)?.is_ready() {
                self.picked = Some(at);
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let picked = self.picked.take().unwrap_or_default();
        self.choices[picked].call(request)
    }
}

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
        Self {
            inner,
            calls: Arc::default(),
            open,
        }
    }
}

impl<S: Clone> Clone for TriesUnready<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            calls: Arc::clone(&self.calls),
            open: self.open,
        }
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
        if self.open {
            Poll::Ready(Ok(()))
        } else {
            self.inner.poll_ready(cx)
        }
    }

    fn call(&mut self, request: Req) -> Self::Future {
        if self.open && self.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            return Box::pin(async { Err("open".into()) });
        }
        Box::pin(self.inner.call(request))
    }
}

/// Law 6: always ready, and waits for the inner service without a waker.
#[derive(Clone)]
pub(crate) struct Deaf<S>(pub(crate) S);

impl<S, Req> Service<Req> for Deaf<S>
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
            poll_fn(|_| inner.poll_ready(&mut Context::from_waker(Waker::noop()))).await?;
            inner.call(request).await
        })
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
        Self {
            inner,
            failures: Arc::default(),
            limit,
        }
    }
}

impl<S: Clone> Clone for CountsCancelled<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            failures: Arc::clone(&self.failures),
            limit: self.limit,
        }
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
