//! The two text formats: Prometheus's own, 0.0.4, and OpenMetrics 1.0.

use std::fmt::Write as _;
use std::time::UNIX_EPOCH;

use super::exemplar::Exemplar;
use super::family::{Kind, Series, Value};
use super::histogram::Snapshot;
use super::names::{escape, escape_help};
use super::number;
use super::registry::Page;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Prometheus,
    OpenMetrics,
}

pub(super) fn render(pages: &[Page], dialect: Dialect) -> String {
    let mut out = Out { text: String::with_capacity(4096), dialect };
    pages.iter().for_each(|page| out.page(page));
    if dialect == Dialect::OpenMetrics {
        out.text.push_str("# EOF\n");
    }
    out.text
}

struct Out {
    text: String,
    dialect: Dialect,
}

impl Out {
    fn page(&mut self, page: &Page) {
        let open = self.dialect == Dialect::OpenMetrics;
        let is_counter = matches!(page.kind, Kind::Counter | Kind::FractionalCounter);
        // OpenMetrics has the suffix at the sample alone.
        let family =
            if open && is_counter { page.name.strip_suffix("_total").unwrap_or(&page.name) } else { &page.name };
        if !page.help.is_empty() {
            self.text.extend(["# HELP ", family, " "]);
            if open {
                escape(&page.help, &mut self.text);
            } else {
                escape_help(&page.help, &mut self.text);
            }
            self.text.push('\n');
        }
        self.text.extend(["# TYPE ", family, " ", page.kind.as_str(), "\n"]);
        if open && let Some(unit) = page.unit.map(|unit| unit.as_str()) {
            // The name must end in it.
            if family.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')) {
                self.text.extend(["# UNIT ", family, " ", unit, "\n"]);
            }
        }
        page.series.iter().for_each(|series| self.series(page, series));
    }

    fn series(&mut self, page: &Page, series: &Series) {
        match &series.value {
            Value::Counter(counter) => {
                let count = counter.get();
                self.sample(&page.name, "", &series.text, None, |out| push(out, count));
            }
            Value::Gauge(gauge) => {
                let value = gauge.get();
                // A counter can't be below zero, and OpenMetrics refuses a page where one is.
                let fits = page.kind == Kind::Gauge || value >= 0.0;
                if fits {
                    self.sample(&page.name, "", &series.text, None, |out| number::value(value, out));
                }
            }
            Value::Histogram(histogram) => self.histogram(&page.name, &series.text, &histogram.snapshot()),
        }
    }

    fn histogram(&mut self, name: &str, labels: &str, snapshot: &Snapshot<'_>) {
        for (bound, count, slot) in &snapshot.buckets {
            self.sample(name, "_bucket", labels, Some(*bound), |out| push(out, *count));
            if self.dialect == Dialect::OpenMetrics
                && let Some(exemplar) = slot.and_then(super::exemplar::Slot::get)
            {
                self.text.pop(); // the end of the line
                self.exemplar(&exemplar);
            }
        }
        // "If the sum can be negative there must be none": OpenMetrics 1.0, "Histogram"; the count goes with it.
        let lowest = snapshot.buckets.first().map_or(0.0, |(bound, ..)| *bound);
        if self.dialect == Dialect::Prometheus || (snapshot.sum >= 0.0 && lowest >= 0.0) {
            self.sample(name, "_sum", labels, None, |out| number::value(snapshot.sum, out));
            self.sample(name, "_count", labels, None, |out| push(out, snapshot.count()));
        }
    }

    fn sample(&mut self, name: &str, suffix: &str, labels: &str, le: Option<f64>, value: impl FnOnce(&mut String)) {
        self.text.extend([name, suffix]);
        if !labels.is_empty() || le.is_some() {
            self.text.extend(["{", labels]);
            if let Some(bound) = le {
                self.text.push_str(if labels.is_empty() { "le=\"" } else { ",le=\"" });
                number::bound(bound, &mut self.text);
                self.text.push('"');
            }
            self.text.push('}');
        }
        self.text.push(' ');
        value(&mut self.text);
        self.text.push('\n');
    }

    fn exemplar(&mut self, Exemplar { value, trace, time }: &Exemplar) {
        let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (trace_id, span_id) = (trace.trace_id(), trace.span_id());
        // Writing to a string can't fail.
        let _ = write!(self.text, " # {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} ");
        number::value(*value, &mut self.text);
        let _ = writeln!(self.text, " {}.{:03}", time.as_secs(), time.subsec_millis());
    }
}

fn push(out: &mut String, count: u64) {
    // Writing to a string can't fail.
    let _ = write!(out, "{count}");
}
