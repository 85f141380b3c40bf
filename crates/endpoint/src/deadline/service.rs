use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower_service::Service;

use super::{DeadlineElapsed, DeadlineFuture};
use crate::Request;

/// A service inside a [`DeadlineLayer`](crate::DeadlineLayer).
#[derive(Clone, Copy, Debug)]
pub struct Deadline<S> {
    inner: S,
    limit: Option<Duration>,
}

impl<S> Deadline<S> {
    pub(super) const fn new(inner: S, limit: Option<Duration>) -> Self {
        Self { inner, limit }
    }
}

impl<S, T> Service<Request<T>> for Deadline<S>
where
    S: Service<Request<T>>,
    S::Error: From<DeadlineElapsed>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<T>) -> Self::Future {
        let context = request.context_mut();
        if self.limit.is_some() || context.deadline().is_some() {
            let now = Instant::now();
            if let Some(limit) = self.limit.and_then(|limit| now.checked_add(limit)) {
                context.shorten_deadline_until(limit);
            }
            if context.deadline().is_some_and(|deadline| deadline <= now) {
                return DeadlineFuture::elapsed();
            }
        }
        let (deadline, tail) = (context.deadline(), context.tail().cloned());
        DeadlineFuture::new(self.inner.call(request), deadline, tail)
    }
}
