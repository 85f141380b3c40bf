use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use metrics_util::registry::Registry;
use tokio::time::Instant;

use super::cells::Cells;
use super::{Payload, Series, Snapshot, Stats, Value};
use crate::Recorder;

/// The recorder of a backend that is pushed to: it keeps what was measured until the next flush.
///
/// Clones are the same store. To record is some atomic operations: no lock, no allocation, whatever the backend does meanwhile.
/// Registering takes a lock, and remembers the series for good.
///
/// ```
/// use metrics::{Key, Level, Metadata, Recorder};
/// use towerkit_metrics::push::{Store, Value};
///
/// let store = Store::default();
/// let hits = store.register_counter(&Key::from_name("hits"), &Metadata::new("example", Level::INFO, None));
/// hits.increment(2);
/// let snapshot = store.snapshot();
/// assert!(matches!(snapshot.series[0].value, Value::Counter(2)));
/// assert!(store.snapshot().series.is_empty(), "since then it did not grow");
/// ```
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    registry: Registry<Key, Cells>,
    units: Mutex<HashMap<(Kind, KeyName), Unit>>,
    /// When the last snapshot was taken. Held while one is.
    taken: Mutex<Taken>,
    stats: Mutex<Stats>,
}

struct Taken {
    at: Instant,
    invalid: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// How many values of a histogram are kept between two flushes, by default.
const SAMPLE: usize = 1024;

impl Store {
    /// A store whose histograms keep at most so many values between two flushes, each in 16 bytes, in place of 1024. Count, sum,
    /// minimum and maximum are those of all values, kept or not.
    #[must_use]
    pub fn with_sample(values: usize) -> Self {
        Self(Arc::new(Shared {
            registry: Registry::new(Cells { sample: values.max(1) }),
            units: Mutex::default(),
            taken: Mutex::new(Taken { at: Instant::now(), invalid: 0 }),
            stats: Mutex::default(),
        }))
    }

    /// Takes what was measured since the last time: counters that grew, all gauges, histograms that were given something.
    ///
    /// A counter that is told an absolute value grew by what that is above the value it had, which was zero at first. A gauge
    /// that is no finite number is left out, and so are such values of a histogram; they count as lost.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut taken = lock(&self.0.taken);
        let now = Instant::now();
        let since = now.duration_since(std::mem::replace(&mut taken.at, now));
        // No lock is held that one who registers would wait for longer than for a look.
        let units = lock(&self.0.units).clone();
        let unit = |kind, key: &Key| units.get(&(kind, key.name_shared())).copied();
        let mut series = Vec::new();
        self.0.registry.visit_counters(|key, counter| {
            let growth = counter.take();
            if growth > 0 {
                let value = Value::Counter(growth);
                series.push(Series { key: key.clone(), unit: unit(Kind::Counter, key), value });
            }
        });
        self.0.registry.visit_gauges(|key, gauge| {
            let level = gauge.get();
            if level.is_finite() {
                series.push(Series { key: key.clone(), unit: unit(Kind::Gauge, key), value: Value::Gauge(level) });
            } else {
                taken.invalid += 1;
            }
        });
        let mut histograms = Vec::new();
        self.0.registry.visit_histograms(|key, histogram| histograms.push((key.clone(), Arc::clone(histogram))));
        for (key, histogram) in histograms {
            taken.invalid += histogram.take_invalid();
            if let Some(samples) = histogram.take() {
                let unit = unit(Kind::Histogram, &key);
                series.push(Series { key, unit, value: Value::Histogram(samples) });
            }
        }
        series.sort_by(|one, other| one.key.cmp(&other.key));
        Snapshot { time: SystemTime::now(), since, series }
    }

    /// What has become of it so far: what its [`Pusher`](super::Pusher) sent, and what was lost.
    #[must_use]
    pub fn stats(&self) -> Stats {
        lock(&self.0.stats).clone()
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Stats)) {
        count(&mut lock(&self.0.stats));
    }

    /// How many values were no numbers, since the last time.
    pub(super) fn take_invalid(&self) -> u64 {
        std::mem::take(&mut lock(&self.0.taken).invalid)
    }

    /// The counters of a payload were taken in vain. Says how many.
    pub(super) fn give_back(&self, snapshot: &Snapshot, payload: &Payload) -> u64 {
        let mut counters = 0;
        for series in payload.series.iter().filter_map(|place| snapshot.series.get(*place)) {
            if let Value::Counter(growth) = series.value
                && let Some(counter) = self.0.registry.get_counter(&series.key)
            {
                counter.give_back(growth);
                counters += 1;
            }
        }
        counters
    }

    fn describe(&self, kind: Kind, name: &KeyName, unit: Option<Unit>) {
        if let Some(unit) = unit {
            lock(&self.0.units).insert((kind, name.to_retained()), unit);
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::with_sample(SAMPLE)
    }
}

impl Recorder for Store {}

impl metrics::Recorder for Store {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(Kind::Counter, &name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(Kind::Gauge, &name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(Kind::Histogram, &name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.0.registry.get_or_create_counter(&key.to_retained(), |counter| Counter::from_arc(Arc::clone(counter)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.registry.get_or_create_gauge(&key.to_retained(), |gauge| Gauge::from_arc(Arc::clone(gauge)))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let handle = |histogram: &Arc<_>| Histogram::from_arc(Arc::clone(histogram));
        self.0.registry.get_or_create_histogram(&key.to_retained(), handle)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
