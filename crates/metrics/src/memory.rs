use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::atomics::AtomicU64;
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Label, Metadata, SharedString, Unit};
use towerkit_endpoint::TraceContext;

use crate::{RecordExemplar, Recorder};

/// A recorder for tests: keeps everything, and tells it by name and labels.
///
/// Clones are the same recorder. Histograms keep each value, so it is not for a process that runs long.
///
/// ```
/// use towerkit_metrics::{Memory, Metrics};
///
/// let memory = Memory::new();
/// Metrics::new(memory.clone()).counter("visits_total", "Visits.").increment(1);
/// assert_eq!(memory.counter("visits_total", []), Some(1));
/// assert_eq!(memory.counter("visits", []), None); // nobody has such a one
/// ```
#[derive(Clone, Default)]
pub struct Memory(Arc<Kept>);

#[derive(Default)]
struct Kept {
    counters: Series<AtomicU64>,
    gauges: Series<AtomicU64>,
    histograms: Series<Values>,
    descriptions: Mutex<HashMap<String, (Option<Unit>, SharedString)>>,
}

impl Memory {
    /// Without series.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a counter stands at; none where there is no such series. The order of labels does not matter.
    #[must_use]
    pub fn counter<'a>(&self, name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<u64> {
        self.0.counters.find(name, labels).map(|counter| counter.load(Ordering::Acquire))
    }

    /// What a gauge stands at; none where there is no such series.
    #[must_use]
    pub fn gauge<'a>(&self, name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<f64> {
        self.0.gauges.find(name, labels).map(|gauge| f64::from_bits(gauge.load(Ordering::Acquire)))
    }

    /// What a histogram was given, in that order; none where there is no such series.
    #[must_use]
    pub fn histogram<'a>(&self, name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Vec<f64>> {
        let values = self.0.histograms.find(name, labels)?;
        Some(values.lock().iter().map(|(value, _)| *value).collect())
    }

    /// What a histogram was given [with a trace](RecordExemplar), in that order; none where there is no such series.
    #[must_use]
    pub fn exemplars<'a>(
        &self,
        name: &str,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<Vec<(f64, TraceContext)>> {
        let values = self.0.histograms.find(name, labels)?;
        Some(values.lock().iter().filter_map(|(value, trace)| Some((*value, (*trace)?))).collect())
    }

    /// The unit and the description of a name, where it was described.
    #[must_use]
    pub fn description(&self, name: &str) -> Option<(Option<Unit>, String)> {
        let descriptions = lock(&self.0.descriptions);
        descriptions.get(name).map(|(unit, text)| (*unit, text.to_string()))
    }

    /// Every series, as `name{label="value",…}`, sorted.
    #[must_use]
    pub fn series(&self) -> Vec<String> {
        let Kept { counters, gauges, histograms, .. } = &*self.0;
        let mut series: Vec<_> = [counters.names(), gauges.names(), histograms.names()].concat();
        series.sort_unstable();
        series
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>, description: SharedString) {
        lock(&self.0.descriptions).insert(name.as_str().to_owned(), (unit, description));
    }
}

impl metrics::Recorder for Memory {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.0.counters.register(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.0.gauges.register(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.0.histograms.register(key))
    }
}

impl Recorder for Memory {
    fn exemplars(&self, key: &Key) -> Option<Arc<dyn RecordExemplar>> {
        Some(self.0.histograms.register(key))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.series()).finish()
    }
}

/// The values of a histogram, with their traces.
#[derive(Default)]
struct Values(Mutex<Vec<(f64, Option<TraceContext>)>>);

impl Values {
    fn lock(&self) -> MutexGuard<'_, Vec<(f64, Option<TraceContext>)>> {
        lock(&self.0)
    }
}

impl HistogramFn for Values {
    fn record(&self, value: f64) {
        self.lock().push((value, None));
    }
}

impl RecordExemplar for Values {
    fn record(&self, value: f64, trace: TraceContext) {
        self.lock().push((value, Some(trace)));
    }
}

/// The series of one kind.
struct Series<V>(Mutex<HashMap<Id, Arc<V>>>);

/// A name, and labels in the order of their names.
#[derive(PartialEq, Eq, Hash)]
struct Id(String, Vec<(String, String)>);

impl Id {
    fn new<'a>(name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut labels: Vec<_> = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        labels.sort_unstable();
        Self(name.to_owned(), labels)
    }
}

impl<V: Default> Series<V> {
    fn register(&self, key: &Key) -> Arc<V> {
        let id = Id::new(key.name(), key.labels().map(|label: &Label| (label.key(), label.value())));
        lock(&self.0).entry(id).or_default().clone()
    }

    fn find<'a>(&self, name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Arc<V>> {
        lock(&self.0).get(&Id::new(name, labels.into_iter())).cloned()
    }

    fn names(&self) -> Vec<String> {
        let shown = |Id(name, labels): &Id| match labels.as_slice() {
            [] => name.clone(),
            labels => {
                let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
                format!("{name}{{{}}}", labels.join(","))
            }
        };
        lock(&self.0).keys().map(shown).collect()
    }
}

impl<V> Default for Series<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    // No code of others runs behind the lock, so that what it guards is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
