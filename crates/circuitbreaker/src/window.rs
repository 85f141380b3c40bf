use crate::sync::{AtomicU64, Ordering};

/// How many buckets a window has: what it forgets, it forgets a tenth at a time.
pub(crate) const BUCKETS: u64 = 10;

// A bucket is one word, so that a call is counted by one compare-and-swap: the lap it belongs to, its calls, its bad ones.
// Laps wrap after 2^24 windows, when a bucket that nothing was written to since would be taken for new: five years of 10 s.
const COUNT_BITS: u32 = 20;
const COUNT: u64 = (1 << COUNT_BITS) - 1;
const LAP_BITS: u32 = 24;
const LAP: u64 = (1 << LAP_BITS) - 1;

/// From how many calls in a bucket on the clock may be spared, and how many of them in a row share one look at it.
const MANY: u64 = 128;
const SPARED: u64 = 16;

/// Counts calls, and the bad ones among them, over the last [`BUCKETS`] ticks. Without locks.
#[derive(Debug)]
pub(crate) struct Window {
    buckets: [AtomicU64; BUCKETS as usize],
}

#[derive(Clone, Copy)]
struct Bucket {
    lap: u64,
    calls: u64,
    bad: u64,
}

impl Bucket {
    const fn unpack(word: u64) -> Self {
        Self { lap: word >> (2 * COUNT_BITS), calls: (word >> COUNT_BITS) & COUNT, bad: word & COUNT }
    }

    const fn pack(self) -> u64 {
        (self.lap << (2 * COUNT_BITS)) | (self.calls << COUNT_BITS) | self.bad
    }
}

impl Window {
    pub(crate) fn new() -> Self {
        // Of the lap before the first one, so that they count for nothing.
        let never = Bucket { lap: LAP, calls: 0, bad: 0 }.pack();
        Self { buckets: std::array::from_fn(|_| AtomicU64::new(never)) }
    }

    /// Counts a call that ended at a tick. One that comes too late, for its bucket is in use again, is left out.
    pub(crate) fn add(&self, tick: u64, bad: bool) {
        let lap = (tick / BUCKETS) & LAP;
        let word = &self.buckets[(tick % BUCKETS) as usize];
        let mut seen = word.load(Ordering::Relaxed);
        loop {
            let Some(counted) = counted(Bucket::unpack(seen), lap, bad) else { return };
            match word.compare_exchange_weak(seen, counted.pack(), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => seen = newer,
            }
        }
    }

    /// Counts a good call at a tick that may be over, if the bucket is still the tick's own and has so many calls already that it does not
    /// matter where one of them is; but not every [`SPARED`]th. Whether it did.
    pub(crate) fn add_unlooked(&self, tick: u64) -> bool {
        let word = &self.buckets[(tick % BUCKETS) as usize];
        let seen = word.load(Ordering::Relaxed);
        let bucket = Bucket::unpack(seen);
        if bucket.lap != (tick / BUCKETS) & LAP
            || !(MANY..COUNT).contains(&bucket.calls)
            || bucket.calls.is_multiple_of(SPARED)
        {
            return false;
        }
        let counted = Bucket { calls: bucket.calls + 1, ..bucket }.pack();
        word.compare_exchange(seen, counted, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The calls of the last [`BUCKETS`] ticks, that one included, and the bad ones among them.
    pub(crate) fn sum(&self, tick: u64) -> (u64, u64) {
        let (lap, at) = (tick / BUCKETS, tick % BUCKETS);
        let mut sum = (0, 0);
        for (index, word) in (0..).zip(&self.buckets) {
            let bucket = Bucket::unpack(word.load(Ordering::Relaxed));
            // Those that the tick has not come to again are of the lap before.
            if bucket.lap == lap.wrapping_sub(u64::from(index > at)) & LAP {
                sum = (sum.0 + bucket.calls, sum.1 + bucket.bad);
            }
        }
        sum
    }

    /// Forgets everything.
    pub(crate) fn clear(&self, tick: u64) {
        let old = (tick / BUCKETS).wrapping_sub(2) & LAP;
        for word in &self.buckets {
            // Not a plain store, so that it has its place among the swaps of calls that come meanwhile.
            word.swap(Bucket { lap: old, calls: 0, bad: 0 }.pack(), Ordering::Relaxed);
        }
    }
}

/// The bucket with one call more; none where the call is too late for it, or it is full: what then follows in it is left out,
/// good and bad alike.
fn counted(bucket: Bucket, lap: u64, bad: bool) -> Option<Bucket> {
    let ahead = bucket.lap.wrapping_sub(lap) & LAP;
    let bucket = match ahead {
        0 => bucket,
        _ if ahead < 1 << (LAP_BITS - 1) => return None,
        _ => Bucket { lap, calls: 0, bad: 0 },
    };
    (bucket.calls < COUNT).then_some(Bucket { calls: bucket.calls + 1, bad: bucket.bad + u64::from(bad), ..bucket })
}
