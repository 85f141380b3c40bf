//! Concurrency limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;
use tower_service::Service;
use towerkit_testing::BoxError;

use crate::layers::Boxed;

/// Law 2: compares the calls in flight with the limit. Law 3 if `refuses`: then a full service is an error.
pub(crate) struct Compares<S> {
    inner: S,
    in_flight: Arc<AtomicUsize>,
    freed: PollSemaphore,
    limit: usize,
}

impl<S> Compares<S> {
    pub(crate) fn new(inner: S, limit: usize) -> Self {
        Self { inner, in_flight: Arc::default(), freed: PollSemaphore::new(Arc::new(Semaphore::new(limit))), limit }
    }
}

impl<S: Clone> Clone for Compares<S> {
    fn clone(&self) -> Self {
        let (in_flight, freed) = (Arc::clone(&self.in_flight), self.freed.clone());
        Self { inner: self.inner.clone(), in_flight, freed, limit: self.limit }
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
        Self { inner, permits: PollSemaphore::new(Arc::new(Semaphore::new(limit))), permit: None, defect }
    }
}

impl<S: Clone> Clone for Limit<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), permits: self.permits.clone(), permit: None, defect: self.defect }
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
