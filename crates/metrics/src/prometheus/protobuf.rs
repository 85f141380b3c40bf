//! The protobuf format: `io.prometheus.client.MetricFamily` (metrics.proto of prometheus/client_model), each with its length before it.
//!
//! It is the only one that has native histograms. Its messages are few, and written here by hand.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use super::exemplar::{Exemplar, Slot};
use super::family::{Kind, Labels, Series, Value};
use super::histogram::Snapshot;
use super::native::{Buckets, ZERO_THRESHOLD};
use super::registry::Page;

pub(super) fn render(pages: &[Page]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096);
    for page in pages {
        let message = family(page);
        varint(message.0.len() as u64, &mut out);
        out.extend(message.0);
    }
    out
}

fn family(page: &Page) -> Message {
    let kind = match page.kind {
        Kind::Counter | Kind::FractionalCounter => 0,
        Kind::Gauge => 1,
        Kind::Histogram => 4,
    };
    let mut message = Message::default();
    message.string(1, &page.name);
    message.string(2, &page.help);
    message.number(3, kind);
    page.series.iter().for_each(|series| message.message(4, &metric(page.kind, series)));
    message
}

fn metric(kind: Kind, series: &Series) -> Message {
    let mut message = Message::default();
    labels(&series.labels).iter().for_each(|label| message.message(1, label));
    let mut value = Message::default();
    match &series.value {
        Value::Counter(counter) => value.double(1, counter.get() as f64),
        Value::Gauge(gauge) => value.double(1, gauge.get()),
        Value::Histogram(of) => value = histogram(&of.snapshot()),
    }
    let field = match kind {
        Kind::Gauge => 2,
        Kind::Counter | Kind::FractionalCounter => 3,
        Kind::Histogram => 7,
    };
    message.message(field, &value);
    message
}

fn labels(labels: &Labels) -> Vec<Message> {
    labels.iter().map(|(name, value)| label(name, value)).collect()
}

fn label(name: &str, value: &str) -> Message {
    let mut message = Message::default();
    message.string(1, name);
    message.string(2, value);
    message
}

fn histogram(snapshot: &Snapshot<'_>) -> Message {
    // What was recorded while this was read may be in some buckets only. Prometheus refuses a histogram whose native buckets don't add up
    // to its count.
    let count = snapshot.native.as_ref().map_or_else(|| snapshot.count(), Buckets::count);
    let mut message = Message::default();
    message.number(1, count);
    message.double(2, snapshot.sum);
    for (bound, below, slot) in &snapshot.buckets {
        message.message(3, &bucket(*bound, count.min(*below), *slot));
    }
    if let Some(native) = &snapshot.native {
        message.signed(5, native.schema.into());
        message.double(6, ZERO_THRESHOLD);
        message.number(7, native.zero);
        spans(&native.negative, 9, &mut message);
        spans(&native.positive, 12, &mut message);
    }
    message
}

fn bucket(bound: f64, count: u64, slot: Option<&Slot>) -> Message {
    let mut message = Message::default();
    message.number(1, count);
    message.double(2, bound);
    if let Some(exemplar) = slot.and_then(Slot::get) {
        message.message(3, &exemplar_of(&exemplar));
    }
    message
}

fn exemplar_of(exemplar: &Exemplar) -> Message {
    let since = exemplar.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut time = Message::default();
    time.number(1, since.as_secs());
    time.number(2, since.subsec_nanos().into());
    let mut message = Message::default();
    message.message(1, &label("trace_id", &exemplar.trace.trace_id().to_string()));
    message.message(1, &label("span_id", &exemplar.trace.span_id().to_string()));
    message.double(2, exemplar.value);
    message.message(3, &time);
    message
}

/// Buckets as runs without a gap (in `field`), and their counts as differences (in the field after it).
fn spans(buckets: &BTreeMap<i32, u64>, field: u32, message: &mut Message) {
    let mut runs: Vec<(i32, u32)> = Vec::new();
    let mut deltas = Vec::new();
    let (mut next, mut last) = (0, 0_i64);
    for (bucket, count) in buckets {
        match runs.last_mut() {
            Some((_, length)) if *bucket == next => *length += 1,
            _ => runs.push((bucket - next, 1)),
        }
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        signed_varint(count - last, &mut deltas);
        (next, last) = (bucket + 1, count);
    }
    for (offset, length) in runs {
        let mut span = Message::default();
        span.signed(1, offset.into());
        span.number(2, length.into());
        message.message(field, &span);
    }
    if !deltas.is_empty() {
        message.bytes(field + 1, &deltas);
    }
}

/// A message under way.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn tag(&mut self, field: u32, wire_type: u32) {
        varint(u64::from(field << 3 | wire_type), &mut self.0);
    }

    fn number(&mut self, field: u32, value: u64) {
        self.tag(field, 0);
        varint(value, &mut self.0);
    }

    fn signed(&mut self, field: u32, value: i64) {
        self.tag(field, 0);
        signed_varint(value, &mut self.0);
    }

    fn double(&mut self, field: u32, value: f64) {
        self.tag(field, 1);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u32, value: &[u8]) {
        self.tag(field, 2);
        varint(value.len() as u64, &mut self.0);
        self.0.extend(value);
    }

    fn string(&mut self, field: u32, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    fn message(&mut self, field: u32, value: &Self) {
        self.bytes(field, &value.0);
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn signed_varint(value: i64, out: &mut Vec<u8>) {
    varint(((value << 1) ^ (value >> 63)) as u64, out);
}
