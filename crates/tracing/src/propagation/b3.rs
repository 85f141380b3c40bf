//! B3: <https://github.com/openzipkin/b3-propagation>.

use http::{HeaderName, HeaderValue};
use towerkit_endpoint::{Metadata, SpanId, TraceContext, TraceId};

use super::{Propagation, Remote, hex, only};

const B3: HeaderName = HeaderName::from_static("b3");
const TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
const SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
const PARENT_SPAN_ID: HeaderName = HeaderName::from_static("x-b3-parentspanid");
const SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");

/// Whether to record, and whether to debug: `0`, `1` or `d`.
type Decision = (bool, bool);

pub(super) fn extract_single(metadata: &Metadata) -> Option<Remote> {
    single(only(metadata, B3)?)
}

/// `{trace}-{span}-{decision}-{parent}`, without the last, or the last two; or the decision alone.
fn single(value: &[u8]) -> Option<Remote> {
    let mut fields = value.split(|byte| *byte == b'-');
    let first = fields.next()?;
    let Some(span) = fields.next() else {
        return Some(remote(None, Some(decision(first)?), Propagation::B3Single));
    };
    let ids = (trace_id(first)?, hex::span_id(span)?);
    let decided = match fields.next() {
        Some(decided) => Some(decision(decided)?),
        None => None,
    };
    if let Some(parent) = fields.next() {
        hex::span_id(parent)?;
    }
    fields.next().is_none().then(|| remote(Some(ids), decided, Propagation::B3Single))
}

pub(super) fn extract_multi(metadata: &Metadata) -> Option<Remote> {
    let there = |name: HeaderName| metadata.get_all(name).next().is_some();
    let decided = if there(FLAGS) && only(metadata, FLAGS)? == b"1" {
        Some((true, true))
    } else if there(SAMPLED) {
        Some((is_true(only(metadata, SAMPLED)?)?, false))
    } else {
        None
    };
    let ids = if there(TRACE_ID) || there(SPAN_ID) {
        if there(PARENT_SPAN_ID) {
            hex::span_id(only(metadata, PARENT_SPAN_ID)?)?;
        }
        Some((trace_id(only(metadata, TRACE_ID)?)?, hex::span_id(only(metadata, SPAN_ID)?)?))
    } else {
        None
    };
    (ids.is_some() || decided.is_some()).then(|| remote(ids, decided, Propagation::B3Multi))
}

fn remote(ids: Option<(TraceId, SpanId)>, decided: Option<Decision>, form: Propagation) -> Remote {
    Remote { ids, sampled: decided.map(|(sampled, _)| sampled), debug: decided.is_some_and(|(_, debug)| debug), form }
}

/// Of 128 bits, or of 64.
fn trace_id(digits: &[u8]) -> Option<TraceId> {
    if digits.len() == 16 {
        return TraceId::new(u64::from_be_bytes(hex::bytes(digits)?).into());
    }
    hex::trace_id(digits)
}

const fn decision(digit: &[u8]) -> Option<Decision> {
    match digit {
        b"0" => Some((false, false)),
        b"1" => Some((true, false)),
        b"d" => Some((true, true)),
        _ => None,
    }
}

/// Old senders write words.
const fn is_true(value: &[u8]) -> Option<bool> {
    match value {
        b"1" => Some(true),
        b"0" => Some(false),
        _ if value.eq_ignore_ascii_case(b"true") => Some(true),
        _ if value.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

pub(super) fn inject_single(metadata: &mut Metadata, trace: TraceContext, parent: Option<SpanId>, debug: bool) {
    let mut value = *b"00000000000000000000000000000000-0000000000000000-0-0000000000000000";
    value[..32].copy_from_slice(&trace.trace_id().to_hex());
    value[33..49].copy_from_slice(&trace.span_id().to_hex());
    value[50] = match (debug, trace.is_sampled()) {
        (true, _) => b'd',
        (false, true) => b'1',
        (false, false) => b'0',
    };
    let length = match parent {
        Some(parent) => {
            value[52..].copy_from_slice(&parent.to_hex());
            value.len()
        }
        None => 51,
    };
    put(metadata, B3, &value[..length]);
}

pub(super) fn inject_multi(metadata: &mut Metadata, trace: TraceContext, parent: Option<SpanId>, debug: bool) {
    put(metadata, TRACE_ID, &trace.trace_id().to_hex());
    put(metadata, SPAN_ID, &trace.span_id().to_hex());
    if let Some(parent) = parent {
        put(metadata, PARENT_SPAN_ID, &parent.to_hex());
    }
    if debug {
        metadata.insert(FLAGS, HeaderValue::from_static("1"));
    } else {
        metadata.insert(SAMPLED, HeaderValue::from_static(if trace.is_sampled() { "1" } else { "0" }));
    }
}

fn put(metadata: &mut Metadata, name: HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        metadata.insert(name, value);
    }
}
