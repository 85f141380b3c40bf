use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use towerkit_endpoint::TraceContext;

/// What metrics are recorded with: any recorder of the `metrics` crate, and what a backend can do beyond it.
///
/// Those of this crate are recorders; one of another crate becomes one inside a [`Foreign`].
pub trait Recorder: metrics::Recorder + Send + Sync + 'static {
    /// A histogram that keeps exemplars, where the backend has any: measurements with the trace they were made in. By default it has
    /// none.
    fn exemplars(&self, key: &Key) -> Option<Arc<dyn RecordExemplar>> {
        let _ = key;
        None
    }
}

/// Whoever shares it.
impl<R: Recorder + ?Sized> Recorder for Arc<R> {
    fn exemplars(&self, key: &Key) -> Option<Arc<dyn RecordExemplar>> {
        (**self).exemplars(key)
    }
}

/// A histogram that is told in which trace something was measured.
pub trait RecordExemplar: Send + Sync {
    /// Counts a value, as the histogram of the same key does, and keeps it as an example.
    fn record(&self, value: f64, trace: TraceContext);
}

/// A recorder of another crate: an exporter for a backend that is not here.
#[derive(Clone, Debug)]
pub struct Foreign<R>(pub R);

impl<R: metrics::Recorder + Send + Sync + 'static> Recorder for Foreign<R> {}

impl<R: metrics::Recorder> metrics::Recorder for Foreign<R> {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.0.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.0.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.0.register_histogram(key, metadata)
    }
}
