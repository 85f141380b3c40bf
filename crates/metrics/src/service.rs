use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;
use towerkit_endpoint::{Failure, Request};

use crate::MeasuredFuture;
use crate::operation::Operation;
use crate::under_way::UnderWay;

/// A service inside a [`MetricsLayer`](crate::MetricsLayer).
#[derive(Clone)]
pub struct Measured<S> {
    inner: S,
    operation: Arc<Operation>,
}

impl<S> Measured<S> {
    pub(crate) const fn new(inner: S, operation: Arc<Operation>) -> Self {
        Self { inner, operation }
    }
}

impl<S, T> Service<Request<T>> for Measured<S>
where
    S: Service<Request<T>>,
    S::Error: Failure,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = MeasuredFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        let context = request.context();
        let (tail, mut under_way) = (context.tail().cloned(), UnderWay::new(self.operation.clone(), context.trace()));
        let inner = under_way.watch(|| self.inner.call(request));
        MeasuredFuture::new(inner, tail, under_way)
    }
}

impl<S: fmt::Debug> fmt::Debug for Measured<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measured").field("inner", &self.inner).finish_non_exhaustive()
    }
}
