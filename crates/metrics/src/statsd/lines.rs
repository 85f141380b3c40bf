use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use cadence::MetricSink;
use metrics::{Key, Level, Metadata, Recorder, Unit};
use metrics_exporter_statsd::{StatsdBuilder, StatsdRecorder};

use crate::push::{Batch, Encode, Packer, Paths, Samples, Series, Snapshot, Value};

/// Lines that metrics-exporter-statsd writes, mended where it has no word for what we know.
pub(super) struct Lines {
    /// There is one: with a sink of ours nothing is left that could fail.
    recorder: Option<StatsdRecorder>,
    written: Written,
    paths: Paths,
    max_bytes: usize,
    stream: bool,
}

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

impl Lines {
    pub(super) fn new(paths: Paths, max_bytes: usize, stream: bool) -> Self {
        let written = Written::default();
        let recorder = StatsdBuilder::default().with_sink(written.clone()).build(None).ok();
        Self { recorder, written, paths, max_bytes, stream }
    }

    fn add(&self, place: usize, series: &Series, packer: &mut Packer) {
        let Some(recorder) = &self.recorder else { return packer.refuse(1) };
        let key = self.key(series);
        match &series.value {
            Value::Counter(growth) => {
                recorder.register_counter(&key, &METADATA).increment(*growth);
                packer.line(place, 1, |line| line.push_str(&self.written.take()));
            }
            Value::Gauge(level) => {
                let gauge = recorder.register_gauge(&key, &METADATA);
                gauge.set(*level);
                let set = self.written.take();
                packer.line(place, 1, |line| {
                    if level.is_sign_negative() {
                        // "-2" would take two away. They are one line to the packer, so they stay together.
                        gauge.set(0.0);
                        line.push_str(&self.written.take());
                        line.push('\n');
                    }
                    line.push_str(&set);
                });
            }
            Value::Histogram(samples) => self.add_timers(place, series, samples, &key, recorder, packer),
        }
    }

    /// The name with its labels, prefix and all.
    fn key(&self, series: &Series) -> Key {
        let name = series.key.name();
        // A time that is converted does not keep the name of its unit.
        let unit = match (&series.value, series.unit) {
            (Value::Histogram(_), Some(Unit::Seconds)) => "_seconds",
            (Value::Histogram(_), Some(Unit::Microseconds)) => "_microseconds",
            (Value::Histogram(_), Some(Unit::Nanoseconds)) => "_nanoseconds",
            _ => "",
        };
        let name = name.strip_suffix(unit).unwrap_or(name);
        Key::from_name(self.paths.path(name, &series.key))
    }

    fn add_timers(
        &self,
        place: usize,
        series: &Series,
        samples: &Samples,
        key: &Key,
        recorder: &StatsdRecorder,
        packer: &mut Packer,
    ) {
        let handle = recorder.register_histogram(key, &METADATA);
        let rate = samples.rate();
        for value in &samples.values {
            if value.is_sign_negative() && *value != 0.0 {
                // StatsD calls the line a bad one.
                packer.refuse(1);
                continue;
            }
            handle.record(milliseconds(*value, series.unit));
            let written = self.written.take();
            // Its type is `h`: that of timers would be cut to whole milliseconds.
            let timer = written.strip_suffix("|h").unwrap_or(&written);
            packer.line(place, 1, |line| {
                // To write to a string can't fail.
                let _ = match rate {
                    1.0 => write!(line, "{timer}|ms"),
                    rate => write!(line, "{timer}|ms|@{rate}"),
                };
            });
        }
    }
}

impl Encode for Lines {
    fn encode(&mut self, snapshot: &Snapshot) -> Batch {
        let packer = Packer::new(self.max_bytes);
        let mut packer = if self.stream { packer.end_lines() } else { packer };
        for (place, series) in snapshot.series.iter().enumerate() {
            self.add(place, series, &mut packer);
        }
        packer.finish()
    }
}

/// A time in StatsD's unit, to the nanosecond: `0.0123 s` is `12.3`, not `12.299999999999999`. Of what is no time, the value.
fn milliseconds(value: f64, unit: Option<Unit>) -> f64 {
    let nanoseconds = match unit {
        Some(Unit::Seconds) => value * 1e9,
        Some(Unit::Microseconds) => value * 1e3,
        Some(Unit::Nanoseconds) => value,
        _ => return value,
    };
    nanoseconds.round() / 1e6
}

/// Where that recorder writes to: a line at a time.
#[derive(Clone, Debug, Default)]
struct Written(Arc<Mutex<String>>);

impl Written {
    fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl MetricSink for Written {
    fn emit(&self, metric: &str) -> io::Result<usize> {
        metric.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(metric.len())
    }
}
