use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use crate::operation::{Names, Operation};
use crate::{Measured, Metrics};

/// Counts the calls of one operation by how they ended, those under way, and how long they took: made by
/// [`Metrics::requests`] and [`Metrics::calls`].
///
/// The series are registered when the layer is made, and a call touches nothing but them: it takes no lock and allocates nothing. Those of
/// `ok` and of the faults are among them, at zero; the first call that is refused with a code registers the series of that code. A reply
/// that is a stream costs one allocation, in its [`Tail`](towerkit_endpoint::Tail).
///
/// A call counts from its first poll to its end, and one whose reply is a stream to the end of the stream. One that is dropped before
/// counts as `cancelled`, and one whose service panics as `internal`. Reply and error stay as they are; of the error it asks its code.
///
/// It stands outside of what refuses and of what bounds the time, so that it counts what they do, and inside of the tracing layer, so that
/// it knows the trace. The services that one layer makes, and their clones, share their series, and so do layers of the
/// same operation and labels. Readiness is the inner service's.
#[derive(Clone)]
pub struct MetricsLayer {
    operation: Arc<Operation>,
}

impl MetricsLayer {
    pub(crate) fn new(metrics: &Metrics, names: &'static Names, operation: &str) -> Self {
        Self { operation: Arc::new(Operation::new(metrics, names, operation)) }
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Measured::new(inner, self.operation.clone())
    }
}

impl fmt::Debug for MetricsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsLayer")
    }
}
