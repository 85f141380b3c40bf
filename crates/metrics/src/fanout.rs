use std::fmt;
use std::sync::Arc;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Level, Metadata, SharedString, Unit,
};
use towerkit_endpoint::TraceContext;

use crate::{RecordExemplar, Recorder};

/// Several recorders as one: each gets everything, as if it were alone. For moving from one backend to another, and for a scrape beside
/// a push.
///
/// ```
/// use towerkit_metrics::{Fanout, Memory, Metrics};
///
/// let (old, new) = (Memory::new(), Memory::new());
/// let metrics = Metrics::new(Fanout::new().with(old.clone()).with(new.clone()));
/// metrics.counter("visits_total", "Visits.").increment(1);
/// assert_eq!(old.counter("visits_total", []), new.counter("visits_total", []));
/// ```
///
/// Recording costs what it costs each of them. Exemplars go to those that keep them.
#[derive(Clone, Default)]
pub struct Fanout {
    recorders: Vec<Arc<dyn Recorder>>,
}

impl Fanout {
    /// To nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// And to this one.
    #[must_use]
    pub fn with(mut self, recorder: impl Recorder) -> Self {
        self.recorders.push(Arc::new(recorder));
        self
    }

    fn all<H>(&self, register: impl Fn(&dyn Recorder) -> H) -> Arc<All<H>> {
        Arc::new(All(self.recorders.iter().map(|recorder| register(&**recorder)).collect()))
    }

    fn describe(&self, description: &SharedString, describe: impl Fn(&dyn Recorder, SharedString)) {
        self.recorders.iter().for_each(|recorder| describe(&**recorder, description.clone()));
    }
}

impl metrics::Recorder for Fanout {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&description, |recorder, text| recorder.describe_counter(key.clone(), unit, text));
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&description, |recorder, text| recorder.describe_gauge(key.clone(), unit, text));
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&description, |recorder, text| recorder.describe_histogram(key.clone(), unit, text));
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.all(|recorder| recorder.register_counter(key, metadata)))
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.all(|recorder| recorder.register_gauge(key, metadata)))
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.all(|recorder| recorder.register_histogram(key, metadata)))
    }
}

impl Recorder for Fanout {
    fn exemplars(&self, key: &Key) -> Option<Arc<dyn RecordExemplar>> {
        const METADATA: Metadata<'static> = Metadata::new("towerkit_metrics", Level::INFO, None);

        let each = |recorder: &dyn Recorder| match recorder.exemplars(key) {
            Some(exemplars) => Either::Exemplars(exemplars),
            None => Either::Plain(recorder.register_histogram(key, &METADATA)),
        };
        let all = self.all(each);
        all.0.iter().any(|one| matches!(one, Either::Exemplars(_))).then_some(all as _)
    }
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fanout").field("recorders", &self.recorders.len()).finish_non_exhaustive()
    }
}

/// The handles of one series, of each recorder.
struct All<H>(Box<[H]>);

impl CounterFn for All<Counter> {
    fn increment(&self, value: u64) {
        self.0.iter().for_each(|counter| counter.increment(value));
    }

    fn absolute(&self, value: u64) {
        self.0.iter().for_each(|counter| counter.absolute(value));
    }
}

impl GaugeFn for All<Gauge> {
    fn increment(&self, value: f64) {
        self.0.iter().for_each(|gauge| gauge.increment(value));
    }

    fn decrement(&self, value: f64) {
        self.0.iter().for_each(|gauge| gauge.decrement(value));
    }

    fn set(&self, value: f64) {
        self.0.iter().for_each(|gauge| gauge.set(value));
    }
}

impl HistogramFn for All<Histogram> {
    fn record(&self, value: f64) {
        self.0.iter().for_each(|histogram| histogram.record(value));
    }

    fn record_many(&self, value: f64, count: usize) {
        self.0.iter().for_each(|histogram| histogram.record_many(value, count));
    }
}

/// A histogram of one recorder, with exemplars where it has them.
enum Either {
    Exemplars(Arc<dyn RecordExemplar>),
    Plain(Histogram),
}

impl RecordExemplar for All<Either> {
    fn record(&self, value: f64, trace: TraceContext) {
        for one in &self.0 {
            match one {
                Either::Exemplars(exemplars) => exemplars.record(value, trace),
                Either::Plain(histogram) => histogram.record(value),
            }
        }
    }
}
