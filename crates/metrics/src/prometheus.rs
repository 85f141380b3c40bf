mod accept;
mod exemplar;
mod family;
mod histogram;
mod names;
mod native;
mod number;
mod protobuf;
mod refusals;
mod registry;
mod scrape;
mod settings;
mod text;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use metrics::{Counter, CounterFn as _, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};

use self::accept::Format;
use self::family::{Kind, Labels, Series, Value};
use self::refusals::Refusals;
use self::registry::{Page, Registry};
use self::text::Dialect;
use crate::{RecordExemplar, Recorder};

pub use scrape::{Scrape, ScrapeFuture};

/// A recorder whose metrics Prometheus scrapes.
///
/// Clones are the same recorder.
///
/// ```
/// use towerkit_endpoint::Endpoint;
/// use towerkit_metrics::{Metrics, Prometheus};
/// use towerkit_transport_http::codec::{Empty, Raw};
/// use towerkit_transport_http::{Router, Server};
///
/// let prometheus = Prometheus::new();
/// let metrics = Metrics::new(prometheus.clone());
/// metrics.counter("visits_total", "Visits.").increment(3);
///
/// // On the address of the operators, not on that of the callers.
/// let debug = Router::new().get("/metrics", Server::new(prometheus.scrape(), Empty, Raw::default()));
///
/// assert_eq!(prometheus.text(), "# HELP visits_total Visits.\n# TYPE visits_total counter\nvisits_total 3\n");
/// # let _ = debug;
/// ```
#[derive(Clone)]
pub struct Prometheus {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Mutex<Registry>,
    refusals: Arc<Refusals>,
    before: Mutex<Vec<Arc<Hook>>>,
}

type Hook = dyn Fn() + Send + Sync;

/// Under which name the page itself tells what it could not take.
const REFUSED: &str = "towerkit_metrics_refused_total";

impl Prometheus {
    /// The resolution of native buckets: 8 for each doubling, so that a value is known to 9 %.
    pub const DEFAULT_NATIVE_SCHEMA: i8 = 3;
    /// How many native buckets a series has before their resolution is halved.
    pub const DEFAULT_NATIVE_BUCKETS: usize = 160;

    /// Without metrics.
    #[must_use]
    pub fn new() -> Self {
        let refusals = Arc::new(Refusals::default());
        let registry = Mutex::new(Registry::new(refusals.clone()));
        Self { shared: Arc::new(Shared { registry, refusals, before: Mutex::default() }) }
    }

    /// The upper bounds of the buckets of all histograms whose name ends so; the longest end that fits counts, and a whole name is one. It
    /// holds for histograms that are made later.
    ///
    /// Without it there are 14 buckets from 0.5 ms to 10 s, and for what ends in `_bytes` 11 from 64 B to 64 MiB. A last bucket
    /// without a bound is always there. Each costs a series.
    ///
    /// ```
    /// use towerkit_metrics::Prometheus;
    ///
    /// let prometheus = Prometheus::new()
    ///     .buckets("_seconds", [0.01, 0.1, 1.0])
    ///     .buckets("report_duration_seconds", [1.0, 10.0, 100.0]);
    /// # let _ = prometheus;
    /// ```
    #[must_use]
    pub fn buckets(self, names: impl Into<String>, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.registry().settings.set_buckets(names.into(), bounds);
        self
    }

    /// Native buckets, beside the others, for all histograms whose name ends so: all of them where it is empty. It holds for histograms
    /// that are made later.
    ///
    /// They fit all values, and are few where values are alike. A Prometheus that wants them (`--enable-feature=native-histograms`)
    /// gets them in place of the others. Recording takes some three atomic steps more, and waits where a
    /// bucket more needs room, which is rare.
    #[must_use]
    pub fn native_buckets(self, names: impl Into<String>) -> Self {
        self.native_buckets_of(names, Self::DEFAULT_NATIVE_SCHEMA, Self::DEFAULT_NATIVE_BUCKETS)
    }

    /// [`native_buckets`](Self::native_buckets) of another resolution: 2 to the power of `schema` for each doubling, from -4 to 8; and how
    /// many there may be in a series before each two become one.
    #[must_use]
    pub fn native_buckets_of(self, names: impl Into<String>, schema: i8, most: usize) -> Self {
        self.registry().settings.set_native(names.into(), schema, most);
        self
    }

    /// Leaves series off the page in which nothing changed for so long, as far as scrapes saw. One that changes comes back as it was; one
    /// that nobody holds a handle of is forgotten. By default none is left off.
    #[must_use]
    pub fn idle_after(self, idle: Duration) -> Self {
        self.registry().settings.idle = Some(idle);
        self
    }

    /// Runs a function before each scrape: it sets gauges that are only looked at then. It must not block for long.
    #[must_use]
    pub fn before_scrape(self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        lock(&self.shared.before).push(Arc::new(hook));
        self
    }

    /// The endpoint that answers scrapes, in the format that the scraper's `accept` header wants: text 0.0.4, OpenMetrics 1.0
    /// (with exemplars), or protobuf (with those and native histograms).
    ///
    /// Its reply is the page with its `content-type`. It is an ordinary endpoint: layers may stand around it.
    #[must_use]
    pub fn scrape(&self) -> Scrape {
        Scrape::new(self.clone())
    }

    /// The page as text, format 0.0.4: for programs without a server, and for the node exporter's text files.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(&self.pages(), Dialect::Prometheus)
    }

    fn page(&self, format: Format) -> Bytes {
        let pages = self.pages();
        match format {
            Format::Text => text::render(&pages, Dialect::Prometheus).into(),
            Format::OpenMetrics => text::render(&pages, Dialect::OpenMetrics).into(),
            Format::Protobuf => protobuf::render(&pages).into(),
        }
    }

    /// Who records meanwhile waits for nothing, and who registers for no longer than the list is copied.
    fn pages(&self) -> Vec<Page> {
        let hooks = lock(&self.shared.before).clone();
        hooks.iter().for_each(|hook| hook());
        let mut pages = self.registry().pages();
        pages.extend(self.refused());
        pages
    }

    fn refused(&self) -> Option<Page> {
        let counts = self.shared.refusals.counts().into_iter().filter(|(_, count)| *count > 0);
        let series: Vec<_> = counts
            .map(|(reason, count)| {
                let counter = family::Counter::default();
                counter.increment(count);
                let labels = Labels::new(&Key::from_parts(REFUSED, &[("reason", reason)]), Kind::Counter);
                Arc::new(Series::new(labels, Value::Counter(Arc::new(counter))))
            })
            .collect();
        let help = "What could not be recorded: metrics whose name another has, and values that are no number.".into();
        (!series.is_empty()).then(|| Page { name: REFUSED.to_owned(), kind: Kind::Counter, unit: None, help, series })
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.shared.registry)
    }
}

impl Default for Prometheus {
    fn default() -> Self {
        Self::new()
    }
}

impl metrics::Recorder for Prometheus {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.registry().describe(key.as_str(), Kind::Counter, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.registry().describe(key.as_str(), Kind::Gauge, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.registry().describe(key.as_str(), Kind::Histogram, unit, description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.registry().counter(key).map_or(Counter::noop(), Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.registry().gauge(key).map_or(Gauge::noop(), Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.registry().histogram(key).map_or(Histogram::noop(), Histogram::from_arc)
    }
}

impl Recorder for Prometheus {
    fn exemplars(&self, key: &Key) -> Option<Arc<dyn RecordExemplar>> {
        let histogram = self.registry().histogram(key)?;
        histogram.keep_exemplars();
        Some(histogram)
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prometheus").finish_non_exhaustive()
    }
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    // No code of others runs behind the lock, so that what it guards is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
