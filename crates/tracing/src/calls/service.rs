use std::fmt;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use tower_service::Service;
use towerkit_endpoint::{Context, Failure, Request, TraceContext, Via};

use crate::guard::Guard;
use crate::propagation::{self, Debug};
use crate::semantics::{self, Protocol, Server, Side};
use crate::span::{Begin, Parent};
use crate::tracer::Core;
use crate::{Baggage, RequestsFuture, Sampler, Span};

/// A service inside a [`CallsLayer`](crate::CallsLayer).
#[derive(Clone)]
pub struct Calls<S> {
    inner: S,
    /// None where the tracer is off.
    shared: Option<Arc<Shared>>,
}

pub(super) struct Shared {
    pub(super) core: Arc<Core>,
    pub(super) operation: Arc<str>,
    pub(super) sampler: Sampler,
    pub(super) via: Option<Via>,
    pub(super) server: Option<Server>,
}

impl<S> Calls<S> {
    pub(super) const fn new(inner: S, shared: Option<Arc<Shared>>) -> Self {
        Self { inner, shared }
    }
}

impl<S, T> Service<Request<T>> for Calls<S>
where
    S: Service<Request<T>>,
    S::Error: Failure,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RequestsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<T>) -> Self::Future {
        let guard = self.shared.as_ref().and_then(|shared| shared.begin(request.context_mut()));
        RequestsFuture::call(&mut self.inner, request, guard)
    }
}

impl Shared {
    fn begin(&self, context: &mut Context) -> Option<Guard> {
        let above = context.trace();
        let trace = self.core.below(above, &self.sampler);
        if above.is_none() {
            propagation::forget(context.metadata_mut()); // of another trace
        }
        let debug = context.get::<Debug>().is_some();
        let parent = above.map(TraceContext::span_id);
        propagation::inject(&self.core.writes, context.metadata_mut(), trace, parent, debug);
        if let Some(baggage) = context.get::<Baggage>().cloned() {
            baggage.write(context.metadata_mut(), &self.core.baggage);
        }

        let span = self.core.begin(trace, || Begin {
            parent: parent.map(|span_id| Parent { span_id, remote: false }),
            state: propagation::state(context.metadata()),
            clock: Span::of(context).clock(),
            attributes: semantics::of_call(self.via.as_ref(), self.server.as_ref(), &self.core.limits),
            ..Begin::new(self.operation.to_string().into(), Side::Client.kind(self.via.as_ref()))
        });
        context.set_trace(Some(trace));
        let guard = Guard::new(span.clone(), Side::Client, Protocol::of(self.via.as_ref()))?;
        context.insert(span);
        Some(guard)
    }
}

impl<S: fmt::Debug> fmt::Debug for Calls<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.shared.as_ref().map(|shared| &shared.operation);
        f.debug_struct("Calls").field("inner", &self.inner).field("operation", &operation).finish_non_exhaustive()
    }
}
