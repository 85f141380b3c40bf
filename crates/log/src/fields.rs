use tracing::callsite::{Callsite, Identifier};
use tracing::field::{Field, FieldSet};
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Value as TracingValue};

use crate::format::{Encoded, Format, Names, Value};
use crate::subscriber::{Take, Visitor};

/// Fields that a request's line has beside its own: what [`message_fields`](crate::LogLayer::message_fields) fills.
///
/// Values are those of `tracing`: numbers, booleans, text, errors, and anything by
/// [`display`](tracing::field::display) or [`debug`](tracing::field::debug).
#[derive(Debug)]
pub struct Fields {
    pub(crate) encoded: Encoded,
    format: Format,
}

impl Fields {
    pub(crate) fn new(format: Format) -> Self {
        Self { encoded: Encoded::default(), format }
    }

    /// Adds a field. One that is called as the line's own are (`code`, `peer`, ...) becomes `fields.code`.
    pub fn add(&mut self, name: &str, value: impl TracingValue) {
        let Self { encoded, format } = self;
        take(value, |value| encoded.field(*format, Names::Payload, name, value));
    }
}

/// Gives a value of `tracing` to a function. Such a value tells itself to a visitor alone, and of a field.
pub(crate) fn take(value: impl TracingValue, function: impl FnMut(Value<'_>)) {
    if let Some(field) = METADATA.fields().field("value") {
        value.record(&field, &mut Visitor(Taken(function)));
    }
}

struct Taken<F>(F);

impl<F: FnMut(Value<'_>)> Take for Taken<F> {
    fn take(&mut self, _: &Field, value: Value<'_>) {
        (self.0)(value);
    }
}

/// A place in no code: it has the field that [`take`] needs, and is never registered.
struct Nowhere;

impl Callsite for Nowhere {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

static METADATA: Metadata<'static> = Metadata::new(
    "a value",
    "towerkit_log",
    Level::INFO,
    None,
    None,
    None,
    FieldSet::new(&["value"], Identifier(&Nowhere)),
    Kind::EVENT,
);
