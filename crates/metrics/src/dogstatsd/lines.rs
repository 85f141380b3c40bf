use std::fmt::Write;

use crate::push::{Batch, Encode, Packer, Samples, Series, Snapshot, Value};

/// The lines of DogStatsD, version 1.1 of its protocol where values are packed.
pub(super) struct Lines {
    pub(super) prefix: String,
    pub(super) tags: Tags,
    /// The type of histograms.
    pub(super) histogram: char,
    pub(super) packed: bool,
    pub(super) max_bytes: usize,
}

/// As they are written: `env:prod,operation:sum`.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags(String);

impl Tags {
    pub(super) fn push(&mut self, name: &str, value: &str) {
        if name.is_empty() || value.is_empty() {
            return;
        }
        if !self.0.is_empty() {
            self.0.push(',');
        }
        let unsaid = |letter: char| letter.is_whitespace() || letter.is_control() || matches!(letter, ',' | '|');
        // A colon ends the name, but may stand in the value.
        self.0.extend(name.chars().map(|letter| if unsaid(letter) || letter == ':' { '_' } else { letter }));
        self.0.push(':');
        self.0.extend(value.chars().map(|letter| if unsaid(letter) { '_' } else { letter }));
    }
}

impl Lines {
    fn name(&self, series: &Series) -> String {
        let mut name = String::new();
        for part in self.prefix.split('.').chain(series.key.name().split('.')).filter(|part| !part.is_empty()) {
            if !name.is_empty() {
                name.push('.');
            }
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            name.extend(part.chars().map(|letter| if allowed(letter) { letter } else { '_' }));
        }
        name
    }

    fn add(&self, place: usize, series: &Series, packer: &mut Packer) {
        let name = self.name(series);
        let mut tags = self.tags.clone();
        for label in series.key.labels() {
            tags.push(label.key(), label.value());
        }
        let tags = if tags.0.is_empty() { String::new() } else { format!("|#{}", tags.0) };
        // To write to a string can't fail.
        match &series.value {
            Value::Counter(growth) => packer.line(place, 1, |line| {
                let _ = write!(line, "{name}:{growth}|c{tags}");
            }),
            Value::Gauge(level) => packer.line(place, 1, |line| {
                if level.is_sign_negative() {
                    // One line to the packer, so they stay together.
                    let _ = writeln!(line, "{name}:0|g{tags}");
                }
                let _ = write!(line, "{name}:{level}|g{tags}");
            }),
            Value::Histogram(samples) => self.add_values(place, &name, &tags, samples, packer),
        }
    }

    fn add_values(&self, place: usize, name: &str, tags: &str, samples: &Samples, packer: &mut Packer) {
        let rate = if samples.rate() < 1.0 { format!("|@{}", samples.rate()) } else { String::new() };
        let end = format!("|{}{rate}{tags}", self.histogram);
        let room = self.max_bytes.saturating_sub(name.len() + end.len());
        let (mut packed, mut count) = (String::new(), 0);
        for value in &samples.values {
            let before = packed.len();
            let _ = write!(packed, ":{value}");
            if count > 0 && (!self.packed || packed.len() > room) {
                let next = packed.split_off(before);
                packer.line(place, count, |line| line.extend([name, &packed, &end]));
                (packed, count) = (next, 0);
            }
            count += 1;
        }
        packer.line(place, count, |line| line.extend([name, &packed, &end]));
    }
}

impl Encode for Lines {
    fn encode(&mut self, snapshot: &Snapshot) -> Batch {
        let mut packer = Packer::new(self.max_bytes);
        for (place, series) in snapshot.series.iter().enumerate() {
            self.add(place, series, &mut packer);
        }
        packer.finish()
    }
}
