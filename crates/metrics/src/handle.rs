use std::fmt;
use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, SharedString};
use towerkit_endpoint::{Error, Exchange, Via};

use crate::clock::Clock;
use crate::operation::{CALLS, REQUESTS};
use crate::unit::unit_of;
use crate::{MetricsLayer, Recorder};

/// What metrics are made of: a recorder, and what the names and labels of all metrics made here begin with.
///
/// It is a handle: clones record into the same recorder, and what is [`prefixed`](Self::prefixed) or [`labelled`](Self::labelled) does
/// too. Nothing global is read or written; the macros of the `metrics` crate know nothing of it.
///
/// ```
/// use towerkit_metrics::{Memory, Metrics};
///
/// let memory = Memory::new(); // for tests; in earnest `Prometheus::new()`
/// let metrics = Metrics::new(memory.clone()).prefixed("shop");
///
/// let sold = metrics.labelled("kind", "book").counter("items_sold_total", "Items that were sold.");
/// sold.increment(2);
/// let open = metrics.gauge("carts_open", "Carts that nobody has paid for.");
/// open.set(7.0);
/// let size = metrics.histogram("order_size_bytes", "How large orders are.");
/// size.record(512.0);
///
/// assert_eq!(memory.counter("shop_items_sold_total", [("kind", "book")]), Some(2));
/// assert_eq!(memory.gauge("shop_carts_open", []), Some(7.0));
/// assert_eq!(memory.histogram("shop_order_size_bytes", []), Some(vec![512.0]));
/// ```
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<dyn Recorder>,
    clock: Clock,
    prefix: String,
    labels: Vec<Label>,
}

/// What `metrics` tells a recorder of where a metric comes from; those here do not ask.
const METADATA: Metadata<'static> = Metadata::new("towerkit_metrics", metrics::Level::INFO, None);

impl Metrics {
    /// Into a recorder: [`Prometheus`](crate::Prometheus), one that pushes, [`Memory`](crate::Memory), a [`Fanout`](crate::Fanout) to
    /// several, or one of another crate as [`Foreign`](crate::Foreign).
    #[must_use]
    pub fn new(recorder: impl Recorder) -> Self {
        Self { recorder: Arc::new(recorder), clock: Clock::fast(), prefix: String::new(), labels: Vec::new() }
    }

    /// The same recorder, where the layers measure durations by Tokio's clock: for tests that pause it. They measure by the processor's
    /// time stamp counter else, where it has one that can be relied on.
    #[must_use]
    pub fn on_tokio_time(&self) -> Self {
        Self { clock: Clock::tokio(), ..self.clone() }
    }

    /// Into nothing: every metric made of it counts for nobody.
    #[must_use]
    pub fn off() -> Self {
        Self::new(crate::Foreign(metrics::NoopRecorder))
    }

    /// The same recorder, where all names begin with this and `_`. Given twice, the first stands first.
    #[must_use]
    pub fn prefixed(&self, prefix: impl AsRef<str>) -> Self {
        Self { prefix: self.name(prefix.as_ref()), ..self.clone() }
    }

    /// The same recorder, where all metrics have this label. A name given twice keeps the later value.
    ///
    /// Each value makes a series of its own, kept for as long as the process runs: let there be few. Never a user's id, a path as it
    /// came, or the text of an error.
    #[must_use]
    pub fn labelled(&self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let label = Label::new(name.into(), value.into());
        let mut labelled = self.clone();
        match labelled.labels.iter_mut().find(|had| had.key() == label.key()) {
            Some(had) => *had = label,
            None => labelled.labels.push(label),
        }
        labelled
    }

    /// A layer for the endpoint of a server: counts the requests of an operation, and times them.
    ///
    /// The [crate's page](crate#what-the-layers-record) has the names.
    #[must_use]
    pub fn requests(&self, operation: impl Into<Arc<str>>) -> MetricsLayer {
        MetricsLayer::new(self, &REQUESTS, &operation.into())
    }

    /// A layer for the endpoint of a client: counts the calls of an operation, and times them.
    ///
    /// The [crate's page](crate#what-the-layers-record) has the names.
    #[must_use]
    pub fn calls(&self, operation: impl Into<Arc<str>>) -> MetricsLayer {
        MetricsLayer::new(self, &CALLS, &operation.into())
    }

    /// For the `on_error` of a transport's `serve`: counts the requests that failed before they reached an endpoint, of which no layer
    /// knows, as `unserved_requests_total` with the labels `via`, the protocol, and `code`. They could not be decoded, or there is nothing
    /// where they went.
    ///
    /// ```
    /// use towerkit_endpoint::{Code, Exchange};
    /// use towerkit_metrics::{Memory, Metrics};
    ///
    /// let memory = Memory::new();
    /// let unserved = Metrics::new(memory.clone()).unserved(); // `serve(listener, routes).on_error(metrics.unserved())`
    /// # unserved(&Code::NotFound.into(), &Exchange::new(None, None));
    /// # assert_eq!(memory.counter("unserved_requests_total", [("via", "unknown"), ("code", "not_found")]), Some(1));
    /// ```
    pub fn unserved(&self) -> impl Fn(&Error, &Exchange) + Clone + Send + Sync + use<> {
        let metrics = self.clone();
        move |error, exchange| {
            if !exchange.reached_endpoint {
                let via = exchange.via.as_ref().map_or("unknown", Via::protocol);
                let of = metrics.labelled("via", via).labelled("code", error.code().as_str());
                of.counter("unserved_requests_total", "Requests that failed before they reached an endpoint.")
                    .increment(1);
            }
        }
    }

    /// What only grows, a count of whole things. Its name ends in `_total` by Prometheus's rule.
    ///
    /// The unit is what the name [ends in](crate#names-and-units). Asked for again, it is the same counter; so ask once, and keep the
    /// handle. What grows by fractions is a [`gauge`](Self::gauge) whose name ends in `_total`: Prometheus is told that it is a counter.
    pub fn counter(&self, name: &str, description: impl Into<SharedString>) -> Counter {
        let key = self.key(name);
        self.recorder.describe_counter(key_name(&key), unit_of(key.name()), description.into());
        self.recorder.register_counter(&key, &METADATA)
    }

    /// What goes up and down.
    ///
    /// The unit is what the name [ends in](crate#names-and-units). Asked for again, it is the same gauge.
    pub fn gauge(&self, name: &str, description: impl Into<SharedString>) -> Gauge {
        let key = self.key(name);
        self.recorder.describe_gauge(key_name(&key), unit_of(key.name()), description.into());
        self.recorder.register_gauge(&key, &METADATA)
    }

    /// How often there were which values: durations, sizes. A [`Duration`](std::time::Duration) is recorded as seconds.
    ///
    /// The unit is what the name [ends in](crate#names-and-units). Asked for again, it is the same histogram.
    pub fn histogram(&self, name: &str, description: impl Into<SharedString>) -> Histogram {
        let key = self.key(name);
        self.recorder.describe_histogram(key_name(&key), unit_of(key.name()), description.into());
        self.recorder.register_histogram(&key, &METADATA)
    }

    /// The histogram of the same name as one that keeps exemplars, where the recorder has any.
    #[must_use]
    pub fn exemplars(&self, name: &str) -> Option<Arc<dyn crate::RecordExemplar>> {
        self.recorder.exemplars(&self.key(name))
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}_{name}", self.prefix) }
    }

    fn key(&self, name: &str) -> Key {
        // Retained, it is cloned without an allocation by whoever keeps it.
        Key::from_parts(self.name(name), self.labels.clone()).to_retained()
    }
}

fn key_name(key: &Key) -> KeyName {
    key.name_shared()
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("prefix", &self.prefix).field("labels", &self.labels).finish_non_exhaustive()
    }
}
