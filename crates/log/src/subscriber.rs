use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::Registry;

use crate::core::Core;
use crate::format::{Encoded, Format, Line, Names, Value};

/// Makes lines of events, and keeps the fields of spans, written already.
pub(crate) struct Events {
    core: Arc<Core>,
}

/// Among the extensions of a span.
pub(crate) struct SpanFields(pub(crate) Encoded);

impl Events {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

impl Core {
    fn interest(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.filter.load().enables(metadata) { Interest::always() } else { Interest::never() }
    }

    fn level_hint(&self) -> LevelFilter {
        self.filter.load().max
    }
}

impl Layer<Registry> for Events {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.core.interest(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, Registry>) -> bool {
        self.core.filter.load().enables(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.core.level_hint())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, Registry>) {
        let mut fields = Encoded::default();
        attributes.record(&mut Visitor(SpanVisit { fields: &mut fields, format: self.core.format }));
        if let Some(span) = context.span(id).filter(|_| !fields.is_empty()) {
            span.extensions_mut().replace(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, Registry>) {
        let Some(span) = context.span(id) else { return };
        // Not behind the lock of the extensions: a value's `Display` is a user's code.
        let mut new = Encoded::default();
        values.record(&mut Visitor(SpanVisit { fields: &mut new, format: self.core.format }));
        let mut extensions = span.extensions_mut();
        if let Some(SpanFields(fields)) = extensions.get_mut() {
            fields.replace_by(self.core.format, &new);
        } else {
            extensions.insert(SpanFields(new));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, Registry>) {
        let metadata = event.metadata();
        let level = *metadata.level();
        let now = SystemTime::now();
        let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let admitted =
            if level == Level::ERROR { Some(0) } else { self.core.repeats.admit(&metadata.callsite(), second) };
        let Some(left_out) = admitted else { return };
        self.core.write(level, metadata.target(), now, context.event_span(event), None, |line, format| {
            event.record(&mut Visitor(EventVisit { line, format }));
            if left_out > 0 {
                line.fields.field(format, Names::Own, "left_out", Value::Unsigned(left_out));
            }
        });
    }
}

/// What is done with a field.
pub(crate) trait Take {
    fn take(&mut self, field: &Field, value: Value<'_>);
}

struct SpanVisit<'a> {
    fields: &'a mut Encoded,
    format: Format,
}

impl Take for SpanVisit<'_> {
    fn take(&mut self, field: &Field, value: Value<'_>) {
        self.fields.field(self.format, Names::Users, field.name(), value);
    }
}

struct EventVisit<'a> {
    line: &'a mut Line,
    format: Format,
}

impl Take for EventVisit<'_> {
    fn take(&mut self, field: &Field, value: Value<'_>) {
        match (field.name(), value) {
            ("message", Value::Shown(text)) => self.line.message(self.format, text),
            ("message", Value::Text(text)) => self.line.message(self.format, format_args!("{text}")),
            (name, value) => self.line.fields.field(self.format, Names::Users, name, value),
        }
    }
}

pub(crate) struct Visitor<T>(pub(crate) T);

impl<T: Take> Visit for Visitor<T> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.take(field, Value::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.take(field, Value::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.take(field, Value::Unsigned(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.0.take(field, Value::Signed(value)),
            Err(_) => self.0.take(field, Value::Huge(format_args!("{value}"))),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.0.take(field, Value::Unsigned(value)),
            Err(_) => self.0.take(field, Value::Huge(format_args!("{value}"))),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.take(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.take(field, Value::Text(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.take(field, Value::Error(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.take(field, Value::Shown(format_args!("{value:?}")));
    }
}

/// Answers for a core where `tracing` asks all dispatches about a callsite, and is never anyone's default.
///
/// Where there is but one dispatch, `tracing` (0.1) asks the default of the thread that comes to a callsite first, and believes the answer for
/// good: outside of a scope, that nobody is interested. With two it asks both.
pub(crate) struct Understudy {
    core: Arc<Core>,
}

impl Understudy {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

impl Subscriber for Understudy {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.core.interest(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.core.level_hint())
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
