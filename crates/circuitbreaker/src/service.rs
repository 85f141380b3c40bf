use std::task::{Context, Poll};

use tower_service::Service;

use crate::{Breaker, CircuitBreakerFuture, CircuitOpen, Faults, Judge};

/// A service inside a [`CircuitBreakerLayer`](crate::CircuitBreakerLayer).
#[derive(Debug)]
pub struct CircuitBreaker<S, J = Faults> {
    inner: S,
    // An open circuit is ready without its inner service, and must not call it then.
    inner_is_ready: bool,
    breaker: Breaker,
    judge: J,
}

impl<S, J> CircuitBreaker<S, J> {
    pub(crate) const fn new(inner: S, breaker: Breaker, judge: J) -> Self {
        Self { inner, inner_is_ready: false, breaker, judge }
    }
}

/// Readiness is not copied.
impl<S: Clone, J: Clone> Clone for CircuitBreaker<S, J> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.breaker.clone(), self.judge.clone())
    }
}

impl<S, J, Req> Service<Req> for CircuitBreaker<S, J>
where
    S: Service<Req>,
    S::Error: From<CircuitOpen>,
    J: Judge<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = CircuitBreakerFuture<S::Future, J>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.inner_is_ready || self.breaker.would_refuse() {
            return Poll::Ready(Ok(()));
        }
        let poll = self.inner.poll_ready(cx);
        self.inner_is_ready = matches!(poll, Poll::Ready(Ok(())));
        poll
    }

    fn call(&mut self, request: Req) -> Self::Future {
        if !self.inner_is_ready {
            // The circuit was open when readiness was asked for: if it is not any more, the next call will be let through.
            return CircuitBreakerFuture::refused(self.breaker.refuse());
        }
        match self.breaker.admit() {
            Ok(permit) => {
                self.inner_is_ready = false;
                CircuitBreakerFuture::admitted(self.inner.call(request), Some(permit), self.judge.clone())
            }
            // The inner service stays ready, for the next call.
            Err(refused) => CircuitBreakerFuture::refused(refused),
        }
    }
}
