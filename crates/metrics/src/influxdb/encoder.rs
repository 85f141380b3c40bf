use super::line::{self, Field, Precision};
use crate::push::{Batch, Encode, Packer, Samples, Snapshot, Value};

/// What a server is said to take best at once.
const LINES: u64 = 5000;
const BYTES: usize = 1024 * 1024;

/// Points, one a line.
#[derive(Debug)]
pub(super) struct Lines {
    /// As they are written.
    tags: Vec<(String, String)>,
    precision: Precision,
}

impl Lines {
    pub(super) fn new(tags: &[(String, String)], precision: Precision) -> Self {
        Self { tags: tags.iter().filter_map(|(name, value)| line::tag(name, value)).collect(), precision }
    }
}

impl Encode for Lines {
    fn encode(&mut self, snapshot: &Snapshot) -> Batch {
        let time = self.precision.of(snapshot.time);
        let mut packer = Packer::new(BYTES).max_points(LINES);
        for (place, series) in snapshot.series.iter().enumerate() {
            let mut point = |fields: &[(&str, Field)]| {
                packer.line(place, 1, |line| line::write(line, &series.key, &self.tags, fields, time));
            };
            match &series.value {
                Value::Counter(growth) => point(&[("count", Field::Integer(*growth))]),
                Value::Gauge(value) => point(&[("value", Field::Float(*value))]),
                Value::Histogram(samples) => point(&histogram(samples)),
            }
        }
        packer.finish()
    }
}

fn histogram(samples: &Samples) -> [(&'static str, Field); 8] {
    let [p50, p90, p95, p99] = samples.quantiles([0.5, 0.9, 0.95, 0.99]).map(Field::Float);
    let [sum, min, max] = [samples.sum, samples.min, samples.max].map(Field::Float);
    let count = Field::Integer(samples.count);
    [("count", count), ("sum", sum), ("min", min), ("max", max), ("p50", p50), ("p90", p90), ("p95", p95), ("p99", p99)]
}
