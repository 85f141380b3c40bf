use std::hash::{BuildHasher, RandomState};

use metrics::HistogramFn;

use super::Samples;
use super::number::Number;
use super::sync::{AtomicU64, Ordering, yield_now};

/// A fair sample of what a histogram is given, with the true count, sum and extremes.
///
/// metrics-util's reservoir loses values that are recorded while it is drained, and may hand old ones out in their place; here
/// the count is exact whatever happens meanwhile. Of its two sides one is written; draining makes the other one that, by the same
/// atomic number in which those who record take their place, and then waits for those who have begun.
#[derive(Debug)]
pub(super) struct Reservoir {
    /// Which side is written, in the highest bit; how many values it was given, in the others.
    begun: AtomicU64,
    sides: [Side; 2],
    /// NaN and infinities.
    invalid: AtomicU64,
}

#[derive(Debug)]
struct Side {
    ended: AtomicU64,
    seed: AtomicU64,
    sum: Number,
    min: Number,
    max: Number,
    values: Box<[Number]>,
}

const SIDE: u32 = 63;
const COUNT: u64 = (1 << SIDE) - 1;
/// The golden ratio, of which splitmix64 counts multiples.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Reservoir {
    /// It holds so many values.
    pub(super) fn new(size: usize) -> Self {
        Self { begun: AtomicU64::new(0), sides: [Side::new(size), Side::new(size)], invalid: AtomicU64::new(0) }
    }

    /// What it was given since the last time; none where that is nothing. One at a time may ask.
    pub(super) fn take(&self) -> Option<Samples> {
        let before = self.begun.load(Ordering::Relaxed);
        if before & COUNT == 0 {
            return None;
        }
        let other = !(before >> SIDE) & 1;
        let count = self.begun.swap(other << SIDE, Ordering::AcqRel) & COUNT;
        Some(self.side(before >> SIDE).take(count))
    }

    /// How many values were no numbers, since the last time.
    pub(super) fn take_invalid(&self) -> u64 {
        self.invalid.swap(0, Ordering::Relaxed)
    }

    fn side(&self, bit: u64) -> &Side {
        let [first, second] = &self.sides;
        if bit == 0 { first } else { second }
    }
}

impl HistogramFn for Reservoir {
    fn record(&self, value: f64) {
        if !value.is_finite() {
            self.invalid.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let begun = self.begun.fetch_add(1, Ordering::Acquire);
        self.side(begun >> SIDE).put(begun & COUNT, value);
    }
}

impl Side {
    fn new(size: usize) -> Self {
        Self {
            ended: AtomicU64::new(0),
            seed: AtomicU64::new(RandomState::new().hash_one(())),
            sum: Number::new(0.0),
            min: Number::new(f64::INFINITY),
            max: Number::new(f64::NEG_INFINITY),
            values: (0..size).map(|_| Number::new(0.0)).collect(),
        }
    }

    /// The `nth` value, from zero on (Vitter's algorithm R).
    fn put(&self, nth: u64, value: f64) {
        let place = if nth < self.values.len() as u64 { nth } else { self.random(nth + 1) };
        if let Some(slot) = usize::try_from(place).ok().and_then(|place| self.values.get(place)) {
            slot.set(value);
        }
        self.sum.add(value);
        // Most values are no extremes: they only look.
        self.min.least(value);
        self.max.greatest(value);
        self.ended.fetch_add(1, Ordering::Release);
    }

    /// Below `below`: splitmix64, which needs no state but a number that differs each time.
    fn random(&self, below: u64) -> u64 {
        let mut bits = self.seed.load(Ordering::Relaxed).wrapping_add(below.wrapping_mul(STEP));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((u128::from(bits) * u128::from(below)) >> 64) as u64
    }

    fn take(&self, count: u64) -> Samples {
        // Those who have begun are some instructions from their end.
        while self.ended.load(Ordering::Acquire) != count {
            yield_now();
        }
        let kept = self.values.iter().take(usize::try_from(count).unwrap_or(usize::MAX));
        let samples = Samples {
            values: kept.map(Number::get).collect(),
            count,
            sum: self.sum.replace(0.0),
            min: self.min.replace(f64::INFINITY),
            max: self.max.replace(f64::NEG_INFINITY),
        };
        // Another sample the next time.
        self.seed.fetch_add(STEP.rotate_left(32), Ordering::Relaxed);
        // The next swap of `begun` releases all this to those who record here after it.
        self.ended.store(0, Ordering::Relaxed);
        samples
    }
}
