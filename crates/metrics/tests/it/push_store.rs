//! What a store keeps from one flush to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use metrics::{Key, Label, Level, Metadata, Recorder, Unit};
use towerkit_metrics::push::{Packer, Samples, Store, Value};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn values(store: &Store) -> Vec<(String, Value)> {
    store.snapshot().series.into_iter().map(|series| (series.key.name().to_owned(), series.value)).collect()
}

#[track_caller]
fn only_counter(store: &Store) -> Option<u64> {
    match values(store).as_slice() {
        [] => None,
        [(_, Value::Counter(growth))] => Some(*growth),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn only_gauge(store: &Store) -> f64 {
    match values(store).as_slice() {
        [(_, Value::Gauge(level))] => *level,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn only_histogram(store: &Store) -> Samples {
    match values(store).as_slice() {
        [(_, Value::Histogram(samples))] => samples.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_counter_says_how_much_it_grew_since_the_last_flush() {
    let store = Store::default();
    let counter = store.register_counter(&Key::from_name("hits"), &METADATA);
    assert_eq!(only_counter(&store), None);
    counter.increment(2);
    counter.increment(3);
    assert_eq!(only_counter(&store), Some(5));
    assert_eq!(only_counter(&store), None);
    counter.increment(1);
    assert_eq!(only_counter(&store), Some(1));
}

#[test]
fn an_absolute_value_of_a_counter_is_growth_too() {
    let store = Store::default();
    let counter = store.register_counter(&Key::from_name("hits"), &METADATA);
    counter.absolute(7);
    assert_eq!(only_counter(&store), Some(7));
    counter.absolute(10);
    counter.absolute(9); // told late: it was ten already
    assert_eq!(only_counter(&store), Some(3));
}

#[test]
fn a_gauge_keeps_its_value_over_flushes() {
    let store = Store::default();
    let gauge = store.register_gauge(&Key::from_name("depth"), &METADATA);
    gauge.increment(5.0);
    assert_eq!(only_gauge(&store), 5.0);
    gauge.increment(2.0); // Go kit's began at zero again
    gauge.decrement(1.0);
    assert_eq!(only_gauge(&store), 6.0);
    assert_eq!(only_gauge(&store), 6.0);
    gauge.set(-1.5);
    assert_eq!(only_gauge(&store), -1.5);
}

#[test]
fn a_histogram_keeps_what_fits_with_the_true_count_sum_and_extremes() {
    let store = Store::with_sample(100);
    let histogram = store.register_histogram(&Key::from_name("size"), &METADATA);
    for value in 1..=10_000 {
        histogram.record(f64::from(value));
    }
    let samples = only_histogram(&store);
    assert_eq!((samples.values.len(), samples.count), (100, 10_000));
    assert_eq!((samples.sum, samples.min, samples.max), (50_005_000.0, 1.0, 10_000.0));
    assert_eq!(samples.rate(), 0.01);
    histogram.record(7.0);
    let samples = only_histogram(&store);
    assert_eq!((samples.values, samples.count, samples.sum), (vec![7.0], 1, 7.0));
    assert_eq!((samples.min, samples.max), (7.0, 7.0));
    assert!(values(&store).is_empty(), "it was given nothing since");
}

/// The mean of a uniform distribution over 0..1, from samples of 100 000 values in all, has a deviation of 0.0009.
#[test]
fn the_sample_of_a_histogram_is_fair() {
    let store = Store::with_sample(100);
    let histogram = store.register_histogram(&Key::from_name("share"), &METADATA);
    let mut means = Vec::new();
    let mut first = 0;
    for _ in 0..1000 {
        for nth in 0..1000 {
            histogram.record(f64::from(nth) / 1000.0);
        }
        let samples = only_histogram(&store);
        first += samples.values.iter().filter(|value| **value < 0.1).count();
        means.push(samples.values.iter().sum::<f64>() / 100.0);
    }
    let mean = means.iter().sum::<f64>() / 1000.0;
    assert!((0.4945..0.5045).contains(&mean), "{mean}");
    // Those that came before it was full are kept no more often than others: 10 000 are expected, with a deviation of 90.
    assert!((9_400..10_600).contains(&first), "{first}");
}

#[test]
fn nothing_is_lost_or_counted_twice_while_snapshots_are_taken() {
    const THREADS: u64 = 4;
    const EACH: u64 = 50_000;
    let store = Store::with_sample(64);
    let done = Arc::new(AtomicBool::new(false));
    let counter = store.register_counter(&Key::from_name("a"), &METADATA);
    let histogram = store.register_histogram(&Key::from_name("b"), &METADATA);
    let (mut growth, mut count, mut sum) = (0, 0, 0.0);
    let mut collect = || {
        for (_, value) in values(&store) {
            match value {
                Value::Counter(more) => growth += more,
                Value::Histogram(samples) => {
                    assert!(samples.values.iter().all(|value| *value == 1.0), "a value of nobody's");
                    assert_eq!(samples.values.len() as u64, samples.count.min(64));
                    count += samples.count;
                    sum += samples.sum;
                }
                Value::Gauge(_) => panic!("there is none"),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (counter, histogram) = (counter.clone(), histogram.clone());
                scope.spawn(move || {
                    for _ in 0..EACH {
                        counter.increment(1);
                        histogram.record(1.0);
                    }
                })
            })
            .collect();
        let ended = Arc::clone(&done);
        scope.spawn(move || {
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            ended.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            collect();
        }
    });
    collect();
    assert_eq!((growth, count, sum), (THREADS * EACH, THREADS * EACH, (THREADS * EACH) as f64));
}

#[test]
fn to_record_allocates_nothing() {
    let store = Store::with_sample(8);
    let key = Key::from_name("a");
    let counter = store.register_counter(&key, &METADATA);
    let gauge = store.register_gauge(&key, &METADATA);
    let histogram = store.register_histogram(&key, &METADATA);
    let allocations = allocation_counter::measure(|| {
        for value in 0..100 {
            counter.increment(1);
            counter.absolute(value);
            gauge.increment(1.0);
            gauge.set(2.0);
            histogram.record(0.5);
        }
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn what_is_no_number_is_left_out() {
    let store = Store::default();
    let histogram = store.register_histogram(&Key::from_name("a"), &METADATA);
    histogram.record(f64::NAN);
    histogram.record(f64::INFINITY);
    histogram.record(1.0);
    store.register_gauge(&Key::from_name("b"), &METADATA).set(f64::NAN);
    assert_eq!(only_histogram(&store).values, [1.0]);
}

#[test]
fn a_series_is_its_name_with_its_labels_whatever_their_order() {
    let store = Store::default();
    let labels = |names: [&'static str; 2]| names.map(|name| Label::new(name, "1")).to_vec();
    store.register_counter(&Key::from_parts("a", labels(["x", "y"])), &METADATA).increment(1);
    store.register_counter(&Key::from_parts("a", labels(["y", "x"])), &METADATA).increment(1);
    store.register_counter(&Key::from_parts("a", labels(["x", "z"])), &METADATA).increment(1);
    assert_eq!(values(&store).len(), 2);
}

#[test]
fn a_series_has_the_unit_it_was_described_with() {
    let store = Store::default();
    store.describe_histogram("time".into(), Some(Unit::Seconds), "How long.".into());
    store.register_histogram(&Key::from_name("time"), &METADATA).record(1.0);
    store.register_counter(&Key::from_name("time"), &METADATA).increment(1);
    let mut units: Vec<_> = store.snapshot().series.into_iter().map(|series| series.unit).collect();
    units.sort_by_key(Option::is_some);
    assert_eq!(units, [None, Some(Unit::Seconds)]);
}

#[test]
fn quantiles_are_values_by_nearest_rank() {
    let samples = Samples::of((1..=100).rev().map(f64::from).collect());
    assert_eq!(samples.quantiles([0.0, 0.5, 0.9, 0.95, 0.99, 1.0]), [1.0, 50.0, 90.0, 95.0, 99.0, 100.0]);
    assert_eq!(Samples::of(vec![]).quantiles([0.5]), [0.0]);
}

#[test]
fn a_packer_fills_to_the_limit_and_never_splits_a_line() {
    let mut packer = Packer::new(11);
    for line in ["12345", "12345", "1", "12345678901", "123456789012", "", "12", "123456789"] {
        packer.line(0, 1, |text| text.push_str(line));
    }
    let batch = packer.finish();
    let bodies: Vec<_> = batch.payloads.iter().map(|payload| String::from_utf8_lossy(&payload.body)).collect();
    assert_eq!(bodies, ["12345\n12345", "1", "12345678901", "12", "123456789"]);
    assert_eq!(batch.payloads.iter().map(|payload| payload.points).collect::<Vec<_>>(), [2, 1, 1, 1, 1]);
    assert_eq!(batch.refused, 2, "what is too long, and what is nothing");
}

#[test]
fn a_packer_ends_each_line_of_a_stream_within_the_limit() {
    let mut packer = Packer::new(12).end_lines().max_points(3);
    for line in ["12345", "12345", "1", "2", "3", "4"] {
        packer.line(0, 1, |text| text.push_str(line));
    }
    let batch = packer.finish();
    let bodies: Vec<_> = batch.payloads.iter().map(|payload| String::from_utf8_lossy(&payload.body)).collect();
    assert_eq!(bodies, ["12345\n12345\n", "1\n2\n3\n", "4\n"]);
}
