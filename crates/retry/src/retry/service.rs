use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Failure};

use super::RetryFuture;
use super::future::Repetition;
use super::policy::Policy;
use crate::{Exhausted, Repeat};

/// A service inside a [`RetryLayer`](crate::RetryLayer).
#[derive(Clone)]
pub struct Retry<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S> Retry<S> {
    pub(super) const fn new(inner: S, policy: Arc<Policy>) -> Self {
        Self { inner, policy }
    }
}

impl<S, Req> Service<Req> for Retry<S>
where
    S: Service<Req> + Clone,
    S::Error: Failure + From<Exhausted> + Into<BoxError>,
    Req: Repeat,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RetryFuture<S, Req>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Req) -> Self::Future {
        let settings = &self.policy.settings;
        let mut deadline = request.deadline();
        let mut limit = None;
        // Without a limit of our own the clock is not read.
        if settings.total_timeout.is_some() || settings.attempt_timeout.is_some() {
            let now = Instant::now();
            if let Some(total) = settings.total_timeout.and_then(|time| now.checked_add(time)) {
                request.shorten_deadline(total);
                deadline = Some(deadline.map_or(total, |callers| callers.min(total)));
            }
            let attempts = settings.attempt_timeout.and_then(|time| now.checked_add(time));
            limit = [deadline, attempts].into_iter().flatten().min();
        }
        let kept = (settings.attempts > 1).then(|| request.again());
        if let Some(limit) = limit {
            request.shorten_deadline(limit);
        }

        let not_ready = self.inner.clone();
        let mut service = mem::replace(&mut self.inner, not_ready);
        let attempt = service.call(request);
        let repetition = Repetition::new(service, kept, Arc::clone(&self.policy), deadline, limit);
        RetryFuture::new(attempt, repetition)
    }
}

impl<S: fmt::Debug> fmt::Debug for Retry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").field("inner", &self.inner).field("settings", &self.policy.settings).finish()
    }
}
