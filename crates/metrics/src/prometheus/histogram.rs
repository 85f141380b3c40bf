use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use metrics::HistogramFn;
use towerkit_endpoint::TraceContext;

use super::exemplar::{Exemplar, Slot};
use super::native::{Buckets, Native};
use super::refusals::Refusals;
use crate::RecordExemplar;

/// One series of a histogram.
#[derive(Debug)]
pub(super) struct Histogram {
    /// The upper bounds, rising; the last bucket has none.
    bounds: Arc<[f64]>,
    counts: Box<[AtomicU64]>,
    // The bits of a number.
    sum: AtomicU64,
    native: Option<Native>,
    // One for each bucket, once somebody asks for a histogram with exemplars.
    exemplars: OnceLock<Box<[Slot]>>,
    refusals: Arc<Refusals>,
}

/// What a scrape sees.
pub(super) struct Snapshot<'a> {
    /// The upper bound of each bucket, how many values are in it and those below, and an example. The last is infinite.
    pub(super) buckets: Vec<(f64, u64, Option<&'a Slot>)>,
    pub(super) sum: f64,
    pub(super) native: Option<Buckets>,
}

impl Snapshot<'_> {
    /// How many values there were: as many as are in the buckets, whatever is recorded meanwhile.
    pub(super) fn count(&self) -> u64 {
        self.buckets.last().map_or(0, |(_, count, _)| *count)
    }
}

impl Histogram {
    pub(super) fn new(bounds: Arc<[f64]>, native: Option<Native>, refusals: Arc<Refusals>) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0), native, exemplars: OnceLock::new(), refusals }
    }

    /// Makes room for exemplars.
    pub(super) fn keep_exemplars(&self) {
        self.exemplars.get_or_init(|| self.counts.iter().map(|_| Slot::default()).collect());
    }

    /// The bucket that it was counted in; none where it is no number.
    fn count(&self, value: f64, times: u64) -> Option<usize> {
        if value.is_nan() {
            self.refusals.not_a_number();
            return None;
        }
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(times, Ordering::Release);
        add(&self.sum, value * times as f64);
        if let Some(native) = &self.native {
            native.record(value, times);
        }
        Some(bucket)
    }

    pub(super) fn snapshot(&self) -> Snapshot<'_> {
        let mut below = 0;
        let exemplars = self.exemplars.get();
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let buckets = bounds.zip(&self.counts).enumerate().map(|(index, (bound, count))| {
            below += count.load(Ordering::Acquire);
            (bound, below, exemplars.and_then(|slots| slots.get(index)))
        });
        let buckets = buckets.collect();
        let native = self.native.as_ref().map(Native::buckets);
        Snapshot { buckets, sum: f64::from_bits(self.sum.load(Ordering::Acquire)), native }
    }

    /// Differs where something was recorded in between.
    pub(super) fn fingerprint(&self) -> u64 {
        self.counts.iter().fold(0, |sum: u64, count| sum.wrapping_add(count.load(Ordering::Relaxed)))
    }
}

impl HistogramFn for Histogram {
    fn record(&self, value: f64) {
        self.count(value, 1);
    }

    fn record_many(&self, value: f64, times: usize) {
        if times > 0 {
            self.count(value, times as u64);
        }
    }
}

impl RecordExemplar for Histogram {
    fn record(&self, value: f64, trace: TraceContext) {
        let Some(bucket) = self.count(value, 1) else { return };
        if let Some(slot) = self.exemplars.get().and_then(|slots| slots.get(bucket)) {
            slot.keep(Exemplar { value, trace, time: SystemTime::now() });
        }
    }
}

/// Adds to a number that is kept as bits.
pub(super) fn add(bits: &AtomicU64, value: f64) {
    let added = |bits| Some((f64::from_bits(bits) + value).to_bits());
    // It never gives up.
    let _ = bits.fetch_update(Ordering::AcqRel, Ordering::Relaxed, added);
}
