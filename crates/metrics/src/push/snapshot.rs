use std::time::{Duration, SystemTime};

use metrics::{Key, Unit};

/// What was measured since the last flush: what a backend's encoder writes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When it was taken.
    pub time: SystemTime,
    /// How long before that the last one was.
    pub since: Duration,
    /// Every series that has something to say, in the order of their names and labels.
    pub series: Vec<Series>,
}

/// One series of it.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name and labels.
    pub key: Key,
    /// Its unit, where it was described with one.
    pub unit: Option<Unit>,
    /// What was measured.
    pub value: Value,
}

/// What was measured of one series.
#[derive(Clone, Debug)]
pub enum Value {
    /// How much a counter grew: more than zero.
    Counter(u64),
    /// What a gauge stands at, whether it changed or not: a finite number.
    Gauge(f64),
    /// What a histogram was given: at least one value.
    Histogram(Samples),
}

/// What a histogram was given: finite numbers. Where there was more than it keeps, the values are a fair sample; the rest holds
/// for all.
#[derive(Clone, Debug)]
pub struct Samples {
    /// The values, in no order.
    pub values: Vec<f64>,
    /// How many there were.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Samples {
    /// Of all that was given.
    ///
    /// ```
    /// use towerkit_metrics::push::Samples;
    ///
    /// let samples = Samples::of(vec![3.0, 1.0, 2.0]);
    /// assert_eq!((samples.count, samples.sum, samples.min, samples.max), (3, 6.0, 1.0, 3.0));
    /// assert_eq!(samples.quantiles([0.5, 0.99]), [2.0, 3.0]);
    /// ```
    #[must_use]
    pub fn of(values: Vec<f64>) -> Self {
        let fold = |start, join: fn(f64, f64) -> f64| values.iter().copied().fold(start, join);
        let (sum, min, max) = (values.iter().sum(), fold(f64::INFINITY, f64::min), fold(f64::NEG_INFINITY, f64::max));
        Self { count: values.len() as u64, values, sum, min, max }
    }

    /// Which share of the values is kept: 1 where all are.
    #[must_use]
    pub fn rate(&self) -> f64 {
        if self.count == 0 { 1.0 } else { self.values.len() as f64 / self.count as f64 }
    }

    /// The values below or at which these shares of all are (nearest rank): 0.99 is the 99th percentile. Zeros where there are no
    /// values.
    #[must_use]
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> [f64; N] {
        let mut sorted = self.values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        shares.map(|share| {
            let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
            sorted.get(rank - 1).or(sorted.last()).copied().unwrap_or_default()
        })
    }
}
