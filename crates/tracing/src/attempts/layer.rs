use tower_layer::Layer;

use super::Attempts;
use crate::Tracer;

/// Tells the span of a call of its attempts: [`Tracer::attempts`] makes it.
///
/// It stands inside of what repeats calls, a retry or a hedge, which stands inside of [`calls`](crate::CallsLayer). Each attempt that fails,
/// or is dropped, is an event named `attempt` of the call's span, and so is one that goes well after others. Its attributes are
/// `attempt.number`, from 1, and for a failure `error.type` and `exception.message`. What the service called sees is the
/// call's span, whichever attempt reaches it.
///
/// [`as_spans`](Self::as_spans) makes a span of each attempt in place of that.
///
/// A call that is not recorded costs nothing; one that is recorded, and goes well the first time, no allocation. It keeps no state, and readiness is
/// the inner service's.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is given a service"]
pub struct AttemptsLayer {
    tracer: Tracer,
    as_spans: bool,
}

impl AttemptsLayer {
    pub(crate) const fn new(tracer: Tracer) -> Self {
        Self { tracer, as_spans: false }
    }

    /// Makes each attempt a span of its own, named `attempt`, below the call's; the service called is below that of its attempt. One costs
    /// some five allocations.
    pub const fn as_spans(mut self) -> Self {
        self.as_spans = true;
        self
    }
}

impl<S> Layer<S> for AttemptsLayer {
    type Service = Attempts<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Attempts::new(inner, self.tracer.clone(), self.as_spans)
    }
}
