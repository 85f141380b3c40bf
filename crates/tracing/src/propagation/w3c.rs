//! W3C Trace Context: <https://www.w3.org/TR/trace-context/>.

use http::{HeaderName, HeaderValue};
use towerkit_endpoint::{Metadata, TraceContext};

use super::{Propagation, Remote, TRACESTATE, hex, only};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`
const LENGTH: usize = 55;

const SAMPLED: u8 = 1;

/// What has to go on of `tracestate` at least, and here at most.
const STATE_LENGTH: usize = 512;

/// Entries that go first where it is too long.
const LONG_ENTRY: usize = 128;

const STATE_ENTRIES: usize = 32;

pub(super) fn extract(metadata: &Metadata) -> Option<Remote> {
    parent(only(metadata, TRACEPARENT)?)
}

fn parent(value: &[u8]) -> Option<Remote> {
    let (known, rest) = value.split_at_checked(LENGTH)?;
    let [version, trace, span, flags] = fields(known)?;
    let [version] = hex::bytes(version)?;
    match version {
        0xff => return None,
        0 if !rest.is_empty() => return None,
        // What a later version adds comes after one more dash.
        _ if !rest.is_empty() && rest[0] != b'-' => return None,
        _ => {}
    }
    let [flags] = hex::bytes(flags)?;
    Some(Remote {
        ids: Some((hex::trace_id(trace)?, hex::span_id(span)?)),
        sampled: Some(flags & SAMPLED != 0),
        debug: false,
        form: Propagation::W3c,
    })
}

fn fields(known: &[u8]) -> Option<[&[u8]; 4]> {
    let mut fields = known.split(|byte| *byte == b'-');
    let four = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    fields.next().is_none().then_some(four)
}

pub(super) fn inject(metadata: &mut Metadata, trace: TraceContext) {
    let mut value = *b"00-00000000000000000000000000000000-0000000000000000-00";
    value[3..35].copy_from_slice(&trace.trace_id().to_hex());
    value[36..52].copy_from_slice(&trace.span_id().to_hex());
    value[54] += u8::from(trace.is_sampled());
    if let Ok(value) = HeaderValue::from_bytes(&value) {
        metadata.insert(TRACEPARENT, value);
    }
}

/// Leaves a `tracestate` that may go on: as it came, joined and cut, or none.
pub(crate) fn tidy_state(metadata: &mut Metadata, valid_parent: bool) {
    if metadata.get_all(TRACESTATE).next().is_none() || (valid_parent && may_stay(metadata)) {
        return;
    }
    let state = valid_parent.then(|| joined(metadata)).flatten();
    metadata.remove(TRACESTATE);
    if let Some(state) = state {
        metadata.insert(TRACESTATE, state);
    }
}

fn may_stay(metadata: &Metadata) -> bool {
    let mut values = metadata.get_all(TRACESTATE);
    let first = values.next().map_or(&b""[..], HeaderValue::as_bytes);
    values.next().is_none() && first.len() <= STATE_LENGTH && is_valid(first)
}

fn joined(metadata: &Metadata) -> Option<HeaderValue> {
    let mut entries = Vec::new();
    for value in metadata.get_all(TRACESTATE) {
        if !is_valid(value.as_bytes()) {
            return None;
        }
        entries.extend(members(value.as_bytes()));
        if entries.len() > STATE_ENTRIES {
            return None;
        }
    }
    let length = |entries: &[&[u8]]| entries.iter().map(|entry| entry.len() + 1).sum::<usize>().saturating_sub(1);
    while length(&entries) > STATE_LENGTH {
        match entries.iter().rposition(|entry| entry.len() > LONG_ENTRY) {
            Some(long) => drop(entries.remove(long)),
            None => drop(entries.pop()),
        }
    }
    if entries.is_empty() {
        return None;
    }
    HeaderValue::from_bytes(&entries.join(&b","[..])).ok()
}

/// Entries without the blanks around them; empty ones are allowed, and nothing.
fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty())
}

fn is_valid(value: &[u8]) -> bool {
    let mut entries = 0;
    members(value).all(|entry| {
        entries += 1;
        entries <= STATE_ENTRIES && is_entry(entry)
    })
}

fn is_entry(entry: &[u8]) -> bool {
    let Some(at) = entry.iter().position(|byte| *byte == b'=') else { return false };
    let (key, value) = (&entry[..at], &entry[at + 1..]);
    is_key(key) && !value.is_empty() && value.len() <= 256 && value.iter().all(|byte| is_value(*byte))
}

/// `rojo`, or `tenant@system`: section 3.3.1.3.1; by level 2 of the standard the first may start with a digit, too.
fn is_key(key: &[u8]) -> bool {
    let is_rest = |rest: &[u8]| rest.iter().all(|byte| is_key_byte(*byte));
    let starts = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match key.iter().position(|byte| *byte == b'@') {
        None => key.len() <= 256 && key.first().is_some_and(starts) && is_rest(key),
        Some(at) => {
            let (tenant, system) = (&key[..at], &key[at + 1..]);
            tenant.len() <= 241
                && tenant.first().is_some_and(starts)
                && is_rest(tenant)
                && system.len() <= 14
                && system.first().is_some_and(u8::is_ascii_lowercase)
                && is_rest(system)
        }
    }
}

const fn is_key_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/')
}

/// Printable ASCII but for comma and equals.
const fn is_value(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b',' && byte != b'='
}
