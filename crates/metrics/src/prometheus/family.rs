use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::{CounterFn, GaugeFn, Key};
use tokio::time::Instant;

use super::histogram::{Histogram, add};
use super::names::{escape, label_name};

/// What a metric is on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    /// A gauge of ours whose name says that it is a counter: one that grows by fractions.
    FractionalCounter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Counter | Self::FractionalCounter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }

    /// The names that a family of the kind has on a page of any format. No other family may have one of them.
    pub(super) fn claims(self, name: &str) -> Vec<String> {
        let suffixes: &[&str] = match self {
            Self::Counter | Self::FractionalCounter => {
                let bare = name.strip_suffix("_total").unwrap_or(name);
                return vec![name.to_owned(), bare.to_owned(), format!("{bare}_created")];
            }
            Self::Gauge => &[""],
            Self::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
        };
        suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect()
    }
}

/// The labels of a series, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Labels(Vec<(String, String)>);

impl Labels {
    /// Of a key, where the last of a name counts. `le` is the bound's of a bucket.
    pub(super) fn new(key: &Key, kind: Kind) -> Self {
        let mut labels: Vec<(String, String)> = Vec::new();
        for label in key.labels() {
            let mut name = label_name(label.key());
            if kind == Kind::Histogram && name == "le" {
                name.insert_str(0, "exported_");
            }
            match labels.iter_mut().find(|(had, _)| *had == name) {
                Some((_, value)) => label.value().clone_into(value),
                None => labels.push((name, label.value().to_owned())),
            }
        }
        labels.sort_unstable();
        Self(labels)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// `a="1",b="2"`, as both text formats write it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(name);
            text.push_str("=\"");
            escape(value, &mut text);
            text.push('"');
        }
        text
    }
}

/// A number that grows by whole ones.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

impl CounterFn for Counter {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Release);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::AcqRel);
    }
}

/// A number that goes up and down: its bits.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicU64);

impl Gauge {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Acquire))
    }
}

impl GaugeFn for Gauge {
    fn increment(&self, value: f64) {
        add(&self.0, value);
    }

    fn decrement(&self, value: f64) {
        add(&self.0, -value);
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Release);
    }
}

/// One series.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    /// What stands between the braces.
    pub(super) text: String,
    pub(super) value: Value,
    changed: Mutex<Changed>,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Counter(Arc<Counter>),
    Gauge(Arc<Gauge>),
    Histogram(Arc<Histogram>),
}

/// What it was when it was looked at last, and since when.
#[derive(Debug)]
struct Changed {
    seen: u64,
    at: Instant,
}

impl Series {
    pub(super) fn new(labels: Labels, value: Value) -> Self {
        let changed = Changed { seen: value.fingerprint(), at: Instant::now() };
        Self { text: labels.text(), labels, value, changed: Mutex::new(changed) }
    }

    /// Whether nothing was recorded for so long, as far as anybody looked.
    pub(super) fn is_idle(&self, now: Instant, after: Duration) -> bool {
        let seen = self.value.fingerprint();
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.seen != seen {
            *changed = Changed { seen, at: now };
        }
        now.saturating_duration_since(changed.at) >= after
    }
}

impl Value {
    fn fingerprint(&self) -> u64 {
        match self {
            Self::Counter(counter) => counter.get(),
            Self::Gauge(gauge) => gauge.get().to_bits(),
            Self::Histogram(histogram) => histogram.fingerprint(),
        }
    }

    /// Whether somebody holds a handle.
    pub(super) fn is_held(&self) -> bool {
        let holders = match self {
            Self::Counter(counter) => Arc::strong_count(counter),
            Self::Gauge(gauge) => Arc::strong_count(gauge),
            Self::Histogram(histogram) => Arc::strong_count(histogram),
        };
        holders > 1
    }
}
