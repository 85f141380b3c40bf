use std::fmt;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::KeyValue;
use tower_service::Service;
use towerkit_endpoint::{Context, Failure, Request, TraceContext};

use super::RequestsFuture;
use crate::guard::Guard;
use crate::propagation::{self, Debug, Propagation, Remote, w3c};
use crate::semantics::{self, Protocol, Side};
use crate::span::{Begin, Parent};
use crate::tracer::Core;
use crate::{Baggage, Sampler, Span};

/// A service inside a [`RequestsLayer`](crate::RequestsLayer).
#[derive(Clone)]
pub struct Requests<S> {
    inner: S,
    /// None where the tracer is off.
    shared: Option<Arc<Shared>>,
}

pub(super) struct Shared {
    pub(super) core: Arc<Core>,
    pub(super) operation: Arc<str>,
    pub(super) sampler: Sampler,
    pub(super) untrusted: bool,
}

/// Where the span of a request stands.
struct Place {
    trace: TraceContext,
    parent: Option<Parent>,
    link: Option<TraceContext>,
}

impl<S> Requests<S> {
    pub(super) const fn new(inner: S, shared: Option<Arc<Shared>>) -> Self {
        Self { inner, shared }
    }
}

impl<S, T> Service<Request<T>> for Requests<S>
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
        let place = match (context.trace(), self.untrusted) {
            (Some(local), _) => self.below(local),
            (None, true) => self.apart(context),
            (None, false) => self.joined(context),
        };
        if !self.core.records(place.trace) {
            context.set_trace(Some(place.trace));
            return None;
        }
        self.record(context, &place)
    }

    #[cold]
    fn record(&self, context: &mut Context, place: &Place) -> Option<Guard> {
        let above = Span::of(context);
        context.set_trace(Some(place.trace));
        let span = self.core.begin(place.trace, || Begin {
            parent: place.parent,
            link: place.link,
            state: propagation::state(context.metadata()),
            clock: above.clock(),
            attributes: self.attributes(context),
            ..Begin::new(self.operation.to_string().into(), Side::Server.kind(context.via()))
        });
        let guard = Guard::new(span.clone(), Side::Server, Protocol::of(context.via()))?;
        context.insert(span);
        Some(guard)
    }

    /// Below a span of this process.
    fn below(&self, local: TraceContext) -> Place {
        let parent = Some(Parent { span_id: local.span_id(), remote: false });
        Place { trace: self.core.below(Some(local), &self.sampler), parent, link: None }
    }

    /// A trace of its own.
    fn apart(&self, context: &mut Context) -> Place {
        let remote = propagation::extract(&self.core.reads, context.metadata());
        let ids = remote.and_then(|remote| Some((remote.ids?, remote.sampled.unwrap_or_default())));
        let link = ids.map(|((trace, span), sampled)| TraceContext::new(trace, span, sampled));
        propagation::forget(context.metadata_mut());
        Place { trace: self.core.below(None, &self.sampler), parent: None, link }
    }

    /// Below the caller's span.
    fn joined(&self, context: &mut Context) -> Place {
        if context.metadata().is_empty() {
            return Place { trace: self.core.below(None, &self.sampler), parent: None, link: None };
        }
        let remote = propagation::extract(&self.core.reads, context.metadata());
        w3c::tidy_state(context.metadata_mut(), remote.is_some_and(|remote| remote.form == Propagation::W3c));
        if !self.core.baggage.is_empty()
            && let Some(baggage) = Baggage::read(context.metadata(), &self.core.baggage)
        {
            context.carry(baggage);
        }
        let Some(Remote { ids, sampled, debug, .. }) = remote else {
            return Place { trace: self.core.below(None, &self.sampler), parent: None, link: None };
        };
        if debug {
            context.carry(Debug);
        }
        let trace_id = ids.map_or_else(|| self.core.ids.trace(), |(trace, _)| trace);
        let sampled = debug || self.sampler.decide(trace_id, sampled);
        let trace = TraceContext::new(trace_id, self.core.ids.span(), sampled);
        Place { trace, parent: ids.map(|(_, span_id)| Parent { span_id, remote: true }), link: None }
    }

    fn attributes(&self, context: &Context) -> Vec<KeyValue> {
        let mut attributes = semantics::of_request(context, &self.core.limits);
        if self.core.baggage_attributes
            && let Some(baggage) = context.get::<Baggage>()
        {
            let named = baggage.iter().map(|(name, value)| KeyValue::new(format!("baggage.{name}"), value.to_owned()));
            attributes.extend(named.map(|attribute| self.core.limits.cut(attribute)));
        }
        attributes
    }
}

impl<S: fmt::Debug> fmt::Debug for Requests<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.shared.as_ref().map(|shared| &shared.operation);
        f.debug_struct("Requests").field("inner", &self.inner).field("operation", &operation).finish_non_exhaustive()
    }
}
