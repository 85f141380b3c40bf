use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;
use towerkit_endpoint::{Failure, Request};

use super::message::MessageFields;
use super::underway::Underway;
use super::{LoggedFuture, NoFields, Settings};

/// A service inside [`LogLayer`](crate::LogLayer).
#[derive(Clone)]
pub struct Logged<S, M = NoFields> {
    inner: S,
    /// None where the logger is off.
    settings: Option<Arc<Settings>>,
    message: M,
}

impl<S, M> Logged<S, M> {
    pub(super) const fn new(inner: S, settings: Option<Arc<Settings>>, message: M) -> Self {
        Self { inner, settings, message }
    }
}

impl<S, M, T> Service<Request<T>> for Logged<S, M>
where
    S: Service<Request<T>>,
    S::Error: Failure,
    M: MessageFields<T>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = LoggedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        let Some(settings) = self.settings.as_ref().filter(|settings| !settings.handle.core.is_off()) else {
            return LoggedFuture::new(self.inner.call(request), None);
        };
        let mut underway = Underway::new(settings, &request, &self.message);
        // Not in the request's scope, for its cost: what a service does, it does once it is polled.
        let inner = underway.watch(|| self.inner.call(request));
        LoggedFuture::new(inner, Some(underway))
    }
}

impl<S: fmt::Debug, M> fmt::Debug for Logged<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logged").field("inner", &self.inner).field("settings", &self.settings).finish_non_exhaustive()
    }
}
