//! What is done to a span before the exporter has it: it leaves out what Zipkin has no field for.

use opentelemetry::trace::Event;
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use serde_json::Value as Json;

/// Tags of all spans, from the resource.
pub(super) fn common(resource: &Resource) -> Vec<KeyValue> {
    let own = |key: &str| key != "service.name" && !key.starts_with("telemetry.sdk.");
    resource
        .iter()
        .filter(|(key, _)| own(key.as_str()))
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect()
}

/// The span with all that it has to say in attributes and in the names of its events.
pub(super) fn prepared(mut span: SpanData, common: &[KeyValue]) -> SpanData {
    // Of two tags of one name the last one holds, and the span's own stand behind.
    let mut attributes = common.to_vec();
    attributes.extend(std::mem::take(&mut span.attributes));
    for (index, link) in span.links.iter().enumerate() {
        let context = &link.span_context;
        let link = format!(
            "{}|{}|{}|{}|{}",
            context.trace_id(),
            context.span_id(),
            context.trace_state().header(),
            object(&link.attributes),
            link.dropped_attributes_count
        );
        attributes.push(KeyValue::new(format!("otlp.link.{index}"), link));
    }
    for (name, count) in [
        ("otel.dropped_attributes_count", span.dropped_attributes_count),
        ("otel.dropped_events_count", span.events.dropped_count),
        ("otel.dropped_links_count", span.links.dropped_count),
    ] {
        if count > 0 {
            attributes.push(KeyValue::new(name, i64::from(count)));
        }
    }
    for attribute in &mut attributes {
        // The exporter would not escape what is quoted in them.
        if matches!(attribute.value, Value::Array(_)) {
            attribute.value = json(&attribute.value).to_string().into();
        }
    }
    span.attributes = attributes;
    for event in &mut span.events.events {
        if !event.attributes.is_empty() {
            let told = format!("{}: {}", event.name, object(&event.attributes));
            *event = Event::new(told, event.timestamp, Vec::new(), 0);
        }
    }
    span
}

fn object(attributes: &[KeyValue]) -> Json {
    Json::Object(attributes.iter().map(|attribute| (attribute.key.to_string(), json(&attribute.value))).collect())
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::I64(value) => (*value).into(),
        Value::F64(value) => (*value).into(),
        Value::String(value) => value.as_str().into(),
        Value::Array(Array::Bool(values)) => values.clone().into(),
        Value::Array(Array::I64(values)) => values.clone().into(),
        Value::Array(Array::F64(values)) => values.clone().into(),
        Value::Array(Array::String(values)) => values.iter().map(StringValue::as_str).collect(),
        // Kinds to come.
        other => other.to_string().into(),
    }
}
