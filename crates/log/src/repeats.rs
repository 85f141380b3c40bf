use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};

use tracing::callsite::Identifier;

/// How often the event of one place in the code is written in a second: the first so many times, and every nth time after that.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    /// Zero where there is no limit.
    first: AtomicU32,
    every: AtomicU32,
    left_out: AtomicU64,
    // As many as there are places: a program has so many, and no peer adds one.
    places: RwLock<HashMap<Identifier, Place>>,
}

#[derive(Debug, Default)]
struct Place {
    /// The second, and how many events were in it.
    seen: AtomicU64,
    /// Events left out, of which no line told so far.
    untold: AtomicU64,
}

impl Repeats {
    pub(crate) fn limit(&self, first: u32, every: u32) {
        self.every.store(every, Relaxed);
        self.first.store(first, Relaxed);
    }

    pub(crate) fn left_out(&self) -> u64 {
        self.left_out.load(Relaxed)
    }

    /// Whether to write an event of a place in a second; with how many were left out before it.
    pub(crate) fn admit(&self, place: &Identifier, second: u64) -> Option<u64> {
        let first = self.first.load(Relaxed);
        if first == 0 {
            return Some(0);
        }
        let read = self.places.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = read.get(place) {
            return self.count(found, first, second);
        }
        drop(read);
        let mut write = self.places.write().unwrap_or_else(PoisonError::into_inner);
        self.count(write.entry(place.clone()).or_default(), first, second)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds and counts may wrap: they are compared within a second"
    )]
    fn count(&self, place: &Place, first: u32, second: u64) -> Option<u64> {
        let next = |seen: u64| {
            let count = if (seen >> 32) as u32 == second as u32 { (seen as u32).saturating_add(1) } else { 1 };
            (second << 32) | u64::from(count)
        };
        let before = place.seen.fetch_update(Relaxed, Relaxed, |seen| Some(next(seen))).unwrap_or_else(|seen| seen);
        let count = next(before) as u32;
        let every = self.every.load(Relaxed);
        if count <= first || (every > 0 && (count - first).is_multiple_of(every)) {
            return Some(place.untold.swap(0, Relaxed));
        }
        place.untold.fetch_add(1, Relaxed);
        self.left_out.fetch_add(1, Relaxed);
        None
    }
}
