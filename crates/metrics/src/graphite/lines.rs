use std::fmt::Write;
use std::time::{Duration, SystemTime};

use metrics::Key;

use crate::push::{Batch, Encode, Packer, Paths, Snapshot, Value};

/// The lines of Graphite's plaintext protocol.
pub(super) struct Lines {
    pub(super) paths: Paths,
    pub(super) tagged: bool,
    pub(super) steps: Steps,
}

/// A write to the stream.
const WRITE: usize = 16 * 1024;

impl Lines {
    /// What comes before and after the last part of a path.
    fn path(&self, key: &Key) -> (String, String) {
        if !self.tagged {
            return (self.paths.path(key.name(), key), String::new());
        }
        let mut tags = String::new();
        for label in key.labels().filter(|label| !label.key().is_empty() && !label.value().is_empty()) {
            tags.push(';');
            tags.extend(
                label.key().chars().map(|letter| if unsaid(letter) || "!^=".contains(letter) { '_' } else { letter }),
            );
            tags.push('=');
            // A tilde may not come first.
            let value = label.value().trim_start_matches('~');
            tags.push_str(if value.is_empty() { "_" } else { "" });
            tags.extend(value.chars().map(|letter| if unsaid(letter) { '_' } else { letter }));
        }
        (self.paths.path(key.name(), &Key::from_name("")), tags)
    }
}

/// What can't stand in a tag: <https://graphite.readthedocs.io/en/latest/tags.html>, and what would end the line.
fn unsaid(letter: char) -> bool {
    letter == ';' || letter.is_whitespace() || letter.is_control()
}

impl Encode for Lines {
    fn encode(&mut self, snapshot: &Snapshot) -> Batch {
        let time = self.steps.date(snapshot.time);
        let mut packer = Packer::new(WRITE).end_lines();
        for (place, series) in snapshot.series.iter().enumerate() {
            let (path, tags) = self.path(&series.key);
            let mut add = |part: &str, value: f64| {
                packer.line(place, 1, |line| {
                    // To write to a string can't fail.
                    let _ = write!(line, "{path}{part}{tags} {value} {time}");
                });
            };
            match &series.value {
                Value::Counter(growth) => packer.line(place, 1, |line| {
                    let _ = write!(line, "{path}{tags} {growth} {time}");
                }),
                Value::Gauge(level) => add("", *level),
                Value::Histogram(samples) => {
                    let [p50, p90, p95, p99] = samples.quantiles([0.5, 0.9, 0.95, 0.99]);
                    let (sum, min, max) = (samples.sum, samples.min, samples.max);
                    add(".count", samples.count as f64);
                    for (part, value) in [(".sum", sum), (".min", min), (".max", max)] {
                        add(part, value);
                    }
                    for (part, value) in [(".p50", p50), (".p90", p90), (".p95", p95), (".p99", p99)] {
                        add(part, value);
                    }
                }
            }
        }
        packer.finish()
    }

    fn shortest_interval(&self) -> Duration {
        Duration::from_secs(self.steps.step)
    }
}

/// Gives each flush a step of its own.
#[derive(Debug)]
pub(super) struct Steps {
    /// In seconds.
    step: u64,
    /// The last one that was given.
    last: u64,
}

/// How many steps ahead of the clock a flush may be dated: the jitter of one, and the last one at a stop.
const AHEAD: u64 = 2;

impl Steps {
    pub(super) fn new(step: Duration) -> Self {
        Self { step: step.as_secs().max(1), last: 0 }
    }

    /// The second a flush is dated with.
    fn date(&mut self, time: SystemTime) -> u64 {
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = seconds / self.step;
        let mine = now.max(self.last + 1).min(now + AHEAD);
        self.last = mine;
        // Within its own step the true second.
        if mine == now { seconds } else { mine * self.step }
    }
}
