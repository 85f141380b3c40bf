use opentelemetry::{Array, KeyValue, StringValue, Value};

/// How large a span may become. What is beyond is left out, and counted in the span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Attributes of a span. By default 128, as OpenTelemetry has it.
    pub attributes: usize,
    /// Events of a span. By default 128.
    pub events: usize,
    /// Attributes of an event. By default 32.
    pub event_attributes: usize,
    /// Bytes of the text of an attribute; a longer one is cut. By default 4096.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { attributes: 128, events: 128, event_attributes: 32, text: 4096 }
    }
}

impl Limits {
    /// With a value that is no longer than it may be.
    pub(crate) fn cut(&self, mut attribute: KeyValue) -> KeyValue {
        match &mut attribute.value {
            Value::String(text) => self.cut_text(text),
            Value::Array(Array::String(texts)) => texts.iter_mut().for_each(|text| self.cut_text(text)),
            _ => {}
        }
        attribute
    }

    fn cut_text(&self, text: &mut StringValue) {
        if text.as_str().len() > self.text {
            *text = self.start_of(text.as_str()).to_owned().into();
        }
    }

    /// What of a text fits in.
    pub(crate) fn start_of<'a>(&self, text: &'a str) -> &'a str {
        let end = (0..=self.text.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        &text[..end.unwrap_or(0)]
    }
}
