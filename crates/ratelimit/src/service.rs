use std::task::{Context, Poll};

use tower_service::Service;

use crate::limiter::AtHand;
use crate::{RateLimitFuture, RateLimited};

/// A service inside a [`RateLimitLayer`](crate::RateLimitLayer).
#[derive(Clone, Debug)]
pub struct RateLimit<S> {
    inner: S,
    limiter: AtHand,
}

impl<S> RateLimit<S> {
    pub(crate) const fn new(inner: S, limiter: AtHand) -> Self {
        Self { inner, limiter }
    }
}

impl<S, Req> Service<Req> for RateLimit<S>
where
    S: Service<Req>,
    S::Error: From<RateLimited>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RateLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        match self.limiter.take() {
            Ok(()) => RateLimitFuture::admitted(self.inner.call(request)),
            Err(refused) => RateLimitFuture::refused(refused),
        }
    }
}
