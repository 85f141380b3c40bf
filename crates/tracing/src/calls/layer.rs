use std::borrow::Cow;
use std::sync::Arc;

use tower_layer::Layer;
use towerkit_endpoint::Via;

use super::Calls;
use super::service::Shared;
use crate::{Sampler, Tracer};

/// Gives each call that a client makes a span, and tells the service called of it: [`Tracer::calls`] makes it.
///
/// It stands outside of retry, so that the call is one span, whose attempts are told by
/// [`AttemptsLayer`](crate::AttemptsLayer) inside of it.
///
/// * **The span** is below the one under way in the [`Context`](towerkit_endpoint::Context::trace); without that it begins a trace, and the
///   [`Sampler`] decides. It is of kind client, of kind producer for [NATS](Via::Nats).
/// * **The metadata** get the trace in the [forms](crate::TracerBuilder::writes) that are set, in place of whatever stands there, and the
///   [baggage](crate::Baggage) that is carried; `tracestate` goes on as it came.
/// * **A failure** of whatever code makes the span an error, with its `error.type`. The rest is as for [requests](crate::RequestsLayer). A reply that is a stream
///   ends with its tail where there is a [`TailLayer`](towerkit_endpoint::TailLayer) outside.
///
/// # What it costs
///
/// A call costs the metadata written: a map of headers where there was none, and a value for each header. One that is recorded costs some six
/// allocations more: the span, its name, its attributes, and its place in the context.
///
/// Services that one layer makes, and their clones, share nothing but the tracer. Readiness is the inner service's.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{Error, Request, Via, endpoint_fn};
/// use towerkit_tracing::Tracer;
///
/// let (tracer, exporter) = Tracer::builder("addcli").build();
/// let sum = ServiceBuilder::new()
///     .layer(tracer.calls("sum").via(Via::grpc("/pb.Add/Sum")).server("addsvc", 8082))
///     // ... a retry ...
///     .layer(tracer.attempts())
///     .service(endpoint_fn(|(a, b): (u64, u64)| async move { Ok::<_, Error>(a + b) })); // in earnest: a client
/// # let _ = (sum, exporter);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is given a service"]
pub struct CallsLayer {
    tracer: Tracer,
    operation: Arc<str>,
    sampler: Option<Sampler>,
    via: Option<Via>,
    server: Option<(Cow<'static, str>, Option<u16>)>,
}

impl CallsLayer {
    pub(crate) const fn new(tracer: Tracer, operation: Arc<str>) -> Self {
        Self { tracer, operation, sampler: None, via: None, server: None }
    }

    /// Sets another sampler for this operation than the tracer's.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = Some(sampler);
        self
    }

    /// Says how the call goes, for the attributes of its span.
    pub fn via(mut self, via: Via) -> Self {
        self.via = Some(via);
        self
    }

    /// Says whom it calls: the attributes `server.address`, which is a name or an address, and `server.port`.
    pub fn server(mut self, address: impl Into<Cow<'static, str>>, port: impl Into<Option<u16>>) -> Self {
        self.server = Some((address.into(), port.into()));
        self
    }
}

impl<S> Layer<S> for CallsLayer {
    type Service = Calls<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let shared = self.tracer.core().map(|core| {
            let sampler = self.sampler.clone().unwrap_or_else(|| core.sampler.clone());
            let (operation, via, server) = (self.operation.clone(), self.via.clone(), self.server.clone());
            Arc::new(Shared { core: Arc::clone(core), operation, sampler, via, server })
        });
        Calls::new(inner, shared)
    }
}
