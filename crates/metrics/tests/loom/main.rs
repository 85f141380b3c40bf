//! Interleavings of what is lock-free: the histogram's sample, compiled here with loom's atomics in the place of the standard
//! ones.

#![allow(clippy::unwrap_used, dead_code, reason = "it is a test, of a part of each file")]
#![cfg(feature = "push")]

#[path = "../../src/push/number.rs"]
mod number;
#[path = "../../src/push/reservoir.rs"]
mod reservoir;

mod sync {
    pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
    pub(super) use loom::thread::yield_now;
}

use loom::sync::Arc;
use loom::thread;
use metrics::HistogramFn;
use reservoir::Reservoir;
use towerkit_metrics::push::Samples;

/// Another who records, while this one records and takes; then all have ended, and it takes again. Where they may be interrupted
/// is bounded to two places, which is where almost all faults of such code show; each at once would take hours.
fn race(check: impl Fn(&[Samples]) + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(move || {
        let reservoir = Arc::new(Reservoir::new(3));
        let recording = {
            let reservoir = Arc::clone(&reservoir);
            thread::spawn(move || reservoir.record(1.0))
        };
        let mut taken: Vec<_> = reservoir.take().into_iter().collect();
        reservoir.record(2.0);
        taken.extend(reservoir.take());
        recording.join().unwrap();
        taken.extend(reservoir.take());
        check(&taken);
    });
}

#[test]
fn every_value_is_taken_once() {
    race(|taken| {
        let mut values: Vec<_> = taken.iter().flat_map(|samples| samples.values.clone()).collect();
        values.sort_by(f64::total_cmp);
        assert_eq!(values, [1.0, 2.0]);
    });
}

#[test]
fn count_sum_and_extremes_are_of_the_very_values_that_were_taken() {
    race(|taken| {
        for samples in taken {
            let expected = Samples::of(samples.values.clone());
            assert_eq!((samples.count, samples.sum), (expected.count, expected.sum));
            assert_eq!((samples.min, samples.max), (expected.min, expected.max));
        }
    });
}
