//! Events are the same however their bytes are cut, and are written as they are read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towerkit_transport_http::sse::{Event, EventDecoder};

const LIMIT: usize = 4096;

/// All events, with the bytes in pieces of these sizes in turn; none where a limit was met.
fn decode(bytes: &[u8], sizes: &[usize]) -> Option<Vec<Event>> {
    let mut decoder = EventDecoder::new(LIMIT);
    let (mut events, mut rest, mut sizes) = (Vec::new(), bytes, sizes.iter().cycle());
    while !rest.is_empty() {
        let size = sizes.next().map_or(rest.len(), |size| (*size).clamp(1, rest.len()));
        decoder.push(&rest[..size]);
        rest = &rest[size..];
        while let Some(event) = decoder.next_event().ok()? {
            events.push(event);
        }
    }
    Some(events)
}

fuzz_target!(|data: &[u8]| {
    let (sizes, bytes) = data.split_at(data.len().min(4));
    let whole = decode(bytes, &[]);
    let sizes: Vec<usize> = sizes.iter().map(|size| usize::from(*size)).collect();
    let pieces = decode(bytes, &sizes);
    assert_eq!(whole, pieces, "cut into {sizes:?}");
    for event in whole.unwrap_or_default() {
        let mut decoder = EventDecoder::new(usize::MAX);
        decoder.push(&event.to_bytes());
        assert_eq!(decoder.next_event().unwrap(), Some(event));
    }
});
