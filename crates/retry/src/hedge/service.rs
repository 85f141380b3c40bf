use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;
use tower_service::Service;
use towerkit_endpoint::{BoxError, Failure};

use super::HedgeFuture;
use super::policy::Policy;
use crate::{Exhausted, Repeat};

/// A service inside a [`HedgeLayer`](crate::HedgeLayer).
#[derive(Clone)]
pub struct Hedge<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S> Hedge<S> {
    pub(super) const fn new(inner: S, policy: Arc<Policy>) -> Self {
        Self { inner, policy }
    }
}

impl<S, Req> Service<Req> for Hedge<S>
where
    S: Service<Req> + Clone,
    S::Error: Failure + From<Exhausted> + Into<BoxError>,
    Req: Repeat,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = HedgeFuture<S, Req>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let settings = &self.policy.settings;
        let hedged = settings.attempts > 1 && (settings.idempotent || request.is_idempotent());
        let kept = hedged.then(|| request.again());
        let begun = (hedged && self.policy.latencies.is_some()).then(Instant::now);

        let not_ready = self.inner.clone();
        let mut service = mem::replace(&mut self.inner, not_ready);
        let first = service.call(request);
        HedgeFuture::new(first, service, kept, Arc::clone(&self.policy), begun)
    }
}

impl<S: fmt::Debug> fmt::Debug for Hedge<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hedge").field("inner", &self.inner).field("settings", &self.policy.settings).finish()
    }
}
