use std::sync::Arc;

use tower_layer::Layer;

use super::Requests;
use super::service::Shared;
use crate::{Sampler, Tracer};

/// Gives each request that a server gets a span, below that of its caller: [`Tracer::requests`] makes it.
///
/// It stands outermost, so that logs and metrics know the [trace](towerkit_endpoint::Context::trace), and refusals are seen.
///
/// * **The caller's trace** is read from the metadata, in the [forms](crate::TracerBuilder::reads) that are set. Where it says whether to
///   record, that holds; where not, or where there is none, the [`Sampler`] decides. Where a layer further out has set a trace already, the
///   span is below that.
/// * **The span** is named by the operation, and its attributes tell how the request [came](towerkit_endpoint::Context::via): the method, the
///   path without its query, the peer, the agent; no headers beside those. It begins with the first poll of the call's future and ends with the call, and a reply that is a stream ends with its
///   [`Tail`](towerkit_endpoint::Tail). One that is dropped before its end was `cancelled`; one whose service panics was `internal`.
/// * **A failure** is told by the transport's own status. The span is an error where the server is at fault: `Unknown`, `DeadlineExceeded`,
///   `Unimplemented`, `Internal`, `Unavailable`, `DataLoss`. Then it has `error.type` too, which is the [`Code`](towerkit_endpoint::Code), as one
///   that was cancelled has, of which there may be no status that tells. The description of an error is the public message; the error with all its causes is an event named `exception`, for operators. `http.response.status_code` is there for
///   failures alone, since a layer does not see the head of a reply.
///
/// # What it costs
///
/// A request that is not recorded costs no allocation, but for a `tracestate` that came in pieces or too long, for B3's debug flag, and
/// for baggage. One that is recorded costs some twelve: the span, its name, its attributes, and its place in the context.
///
/// Services that one layer makes, and their clones, share nothing but the tracer. Readiness is the inner service's.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{Endpoint, Error, endpoint_fn};
/// use towerkit_tracing::Tracer;
///
/// let (tracer, exporter) = Tracer::builder("addsvc").build();
/// let sum = ServiceBuilder::new()
///     .layer(tracer.requests("sum"))
///     .service(endpoint_fn(|(a, b): (u64, u64)| async move { Ok::<_, Error>(a + b) }))
///     .erased();
/// # let _ = (sum, exporter);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is given a service"]
pub struct RequestsLayer {
    tracer: Tracer,
    operation: Arc<str>,
    sampler: Option<Sampler>,
    untrusted: bool,
}

impl RequestsLayer {
    pub(crate) const fn new(tracer: Tracer, operation: Arc<str>) -> Self {
        Self { tracer, operation, sampler: None, untrusted: false }
    }

    /// Sets another sampler for this operation than the tracer's.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = Some(sampler);
        self
    }

    /// For callers from outside: a request begins a new trace, to which the caller's is a link. It has no say in whether to record; what it
    /// said of a trace goes no further, and its baggage is not taken.
    pub const fn untrusted(mut self) -> Self {
        self.untrusted = true;
        self
    }
}

impl<S> Layer<S> for RequestsLayer {
    type Service = Requests<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let shared = self.tracer.core().map(|core| {
            let sampler = self.sampler.clone().unwrap_or_else(|| core.sampler.clone());
            let (operation, untrusted) = (self.operation.clone(), self.untrusted);
            Arc::new(Shared { core: Arc::clone(core), operation, sampler, untrusted })
        });
        Requests::new(inner, shared)
    }
}
