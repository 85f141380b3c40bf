//! Native histograms: buckets whose bounds are powers of a base, so that they fit all values without being chosen.
//!
//! At resolution (`schema`) s the bucket i has the values above `base^(i-1)` and up to `base^i`, where `base` is 2 to the power of
//! 2^-s. Only buckets with something in them are kept; where there would be too many, each two become one, which is resolution s-1.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The finest and the coarsest resolution there are.
const FINEST: i8 = 8;
const COARSEST: i8 = -4;

/// What is no further from zero than this counts as zero: 2^-128, as Prometheus's own client has it.
pub(super) const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// The bounds within one doubling, for all resolutions: 2^(i/256) / 2.
#[derive(Debug)]
pub(super) struct Bounds([f64; 1 << FINEST]);

impl Bounds {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|i| 0.5 * (i as f64 / 256.0).exp2()))
    }

    /// The bucket of a positive number.
    fn bucket(&self, value: f64, schema: i8) -> i32 {
        // What is infinite is one bucket above all that is not.
        let (fraction, exponent) = frexp(value.min(f64::MAX));
        let bucket = if schema > 0 {
            let per_doubling = 1_usize << schema;
            let step = self.0.len() / per_doubling;
            let (mut low, mut high) = (0, per_doubling);
            while low < high {
                let middle = usize::midpoint(low, high);
                if self.0[middle * step] < fraction {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low as i32 + (exponent - 1) * per_doubling as i32
        } else {
            let exponent = if fraction == 0.5 { exponent - 1 } else { exponent };
            halved(exponent, -schema)
        };
        bucket + i32::from(value.is_infinite())
    }
}

/// The bucket that a bucket is part of, at a resolution that is so many times halved.
const fn halved(bucket: i32, times: i8) -> i32 {
    (bucket + (1 << times) - 1) >> times
}

/// A positive, finite number as a fraction in [0.5, 1) and a power of two.
fn frexp(value: f64) -> (f64, i32) {
    const EXPONENT: u64 = 0x7ff << 52;
    // Numbers below 2^-1022 have no exponent of their own.
    let (value, lift) = if value < f64::MIN_POSITIVE { (value * 2_f64.powi(54), -54) } else { (value, 0) };
    let bits = value.to_bits();
    let exponent = ((bits & EXPONENT) >> 52) as i32 - 1022;
    (f64::from_bits((bits & !EXPONENT) | (1022 << 52)), exponent + lift)
}

/// The native buckets of one series.
#[derive(Debug)]
pub(super) struct Native {
    bounds: Arc<Bounds>,
    zero: AtomicU64,
    // Who records reads it; it is written where it is to grow or to become coarser, which few measurements bring about.
    table: RwLock<Table>,
}

/// Buckets by number, in open addressing: none is ever taken out.
#[derive(Debug)]
struct Table {
    schema: i8,
    most: usize,
    taken: AtomicUsize,
    slots: Box<[Slot]>,
}

#[derive(Debug, Default)]
struct Slot {
    // 0 is free.
    key: AtomicU64,
    count: AtomicU64,
}

/// What a scrape sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Buckets {
    pub(super) schema: i8,
    pub(super) zero: u64,
    /// Counts by bucket.
    pub(super) positive: BTreeMap<i32, u64>,
    pub(super) negative: BTreeMap<i32, u64>,
}

impl Buckets {
    pub(super) fn count(&self) -> u64 {
        self.zero + self.positive.values().sum::<u64>() + self.negative.values().sum::<u64>()
    }
}

impl Native {
    /// `schema` is the resolution to begin with, `most` how many buckets there are before it is halved.
    pub(super) fn new(bounds: Arc<Bounds>, schema: i8, most: usize) -> Self {
        let table = Table::new(schema.clamp(COARSEST, FINEST), most, 64);
        Self { bounds, zero: AtomicU64::new(0), table: RwLock::new(table) }
    }

    /// Counts a value that is a number.
    pub(super) fn record(&self, value: f64, times: u64) {
        if value.abs() <= ZERO_THRESHOLD {
            self.zero.fetch_add(times, Ordering::Release);
            return;
        }
        loop {
            {
                let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
                let key = key(self.bounds.bucket(value.abs(), table.schema), value < 0.0);
                if table.add(key, times) {
                    return;
                }
            }
            self.make_room();
        }
    }

    /// Becomes coarser, or grows; unless another thread has seen to it.
    #[cold]
    fn make_room(&self) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        while table.has_too_many() {
            *table = table.moved(table.schema - 1, table.slots.len());
        }
        if table.is_crowded() {
            *table = table.moved(table.schema, table.slots.len() * 2);
        }
    }

    /// The buckets there are now.
    pub(super) fn buckets(&self) -> Buckets {
        let (mut positive, mut negative) = (BTreeMap::new(), BTreeMap::new());
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        for (bucket, is_negative, count) in table.entries().filter(|(_, _, count)| *count > 0) {
            if is_negative { &mut negative } else { &mut positive }.insert(bucket, count);
        }
        Buckets { schema: table.schema, zero: self.zero.load(Ordering::Acquire), positive, negative }
    }
}

impl Table {
    fn new(schema: i8, most: usize, slots: usize) -> Self {
        let slots = (0..slots).map(|_| Slot::default()).collect();
        Self { schema, most, taken: AtomicUsize::new(0), slots }
    }

    /// The same counts, at a resolution that is no finer.
    fn moved(&self, schema: i8, slots: usize) -> Self {
        let moved = Self::new(schema, self.most, slots);
        for (bucket, negative, count) in self.entries() {
            moved.put(key(halved(bucket, self.schema - schema), negative), count);
        }
        moved
    }

    /// At the coarsest there are some 130 on each side of zero, and no remedy.
    fn has_too_many(&self) -> bool {
        self.schema > COARSEST && self.taken.load(Ordering::Relaxed) >= self.most
    }

    /// Half of it is left free, so that what is looked for is soon found.
    fn is_crowded(&self) -> bool {
        self.taken.load(Ordering::Relaxed) * 2 >= self.slots.len()
    }

    /// Counts; whether there was room.
    fn add(&self, key: u64, times: u64) -> bool {
        match self.find(key) {
            Some(slot) if slot.key.load(Ordering::Acquire) == key => {
                slot.count.fetch_add(times, Ordering::Release);
                true
            }
            _ if self.has_too_many() || self.is_crowded() => false,
            _ => self.put(key, times),
        }
    }

    /// Counts, in a new bucket too.
    fn put(&self, key: u64, times: u64) -> bool {
        while let Some(slot) = self.find(key) {
            // Another thread may have taken it for another bucket: then there is a next one.
            let found = match slot.key.compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    self.taken.fetch_add(1, Ordering::Relaxed);
                    key
                }
                Err(found) => found,
            };
            if found == key {
                slot.count.fetch_add(times, Ordering::Release);
                return true;
            }
        }
        false
    }

    /// The slot of a bucket, or the free one where it is to be.
    fn find(&self, key: u64) -> Option<&Slot> {
        let mask = self.slots.len() - 1;
        // Neighbours lie apart: a range of buckets would else be one run.
        let start = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
        let probe = (0..self.slots.len()).map(|step| &self.slots[(start + step) & mask]);
        probe.into_iter().find(|slot| matches!(slot.key.load(Ordering::Acquire), found if found == 0 || found == key))
    }

    fn entries(&self) -> impl Iterator<Item = (i32, bool, u64)> {
        self.slots.iter().filter_map(|slot| match slot.key.load(Ordering::Acquire) {
            0 => None,
            key => Some((key as u32 as i32, key & NEGATIVE != 0, slot.count.load(Ordering::Acquire))),
        })
    }
}

const TAKEN: u64 = 1 << 63;
const NEGATIVE: u64 = 1 << 32;

fn key(bucket: i32, negative: bool) -> u64 {
    TAKEN | if negative { NEGATIVE } else { 0 } | u64::from(bucket as u32)
}

#[cfg(test)]
mod tests;
