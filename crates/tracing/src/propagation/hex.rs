use towerkit_endpoint::{SpanId, TraceId};

/// Bytes from lower-case hex of exactly their length.
pub(super) fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(bytes)
}

const fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

pub(super) fn trace_id(digits: &[u8]) -> Option<TraceId> {
    TraceId::from_bytes(bytes(digits)?)
}

pub(super) fn span_id(digits: &[u8]) -> Option<SpanId> {
    SpanId::from_bytes(bytes(digits)?)
}
