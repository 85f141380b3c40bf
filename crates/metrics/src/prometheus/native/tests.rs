use std::thread;

use super::*;

/// The upper bound of a bucket.
fn upper(bucket: i32, schema: i8) -> f64 {
    (f64::from(bucket) * (-f64::from(schema)).exp2()).exp2()
}

/// Numbers of all magnitudes, the same in each run.
fn numbers() -> impl Iterator<Item = f64> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f64::from_bits(state & !(1 << 63))
    })
    .filter(|number| number.is_finite() && *number > 0.0)
}

#[test]
fn a_value_is_in_the_bucket_whose_bounds_are_around_it() {
    let bounds = Bounds::new();
    for schema in COARSEST..=FINEST {
        for value in numbers().filter(|value| (1e-300..1e300).contains(value)).take(2000) {
            let bucket = bounds.bucket(value, schema);
            let (low, high) = (upper(bucket - 1, schema), upper(bucket, schema));
            // The bounds here are computed in another way, and are right to some ten digits.
            assert!(
                low * (1.0 - 1e-10) < value && value <= high * (1.0 + 1e-10),
                "{low} < {value} <= {high} at {schema}"
            );
        }
    }
}

#[test]
fn a_power_of_two_is_the_upper_bound_of_its_bucket() {
    let bounds = Bounds::new();
    for exponent in -40..40 {
        let value = f64::from(exponent).exp2();
        for schema in 0..=FINEST {
            assert_eq!(bounds.bucket(value, schema), exponent << schema);
            assert_eq!(bounds.bucket(value.next_up(), schema), (exponent << schema) + 1);
        }
    }
}

#[test]
fn halving_the_resolution_is_as_if_it_had_been_so_from_the_start() {
    let bounds = Bounds::new();
    for value in numbers().take(5000).chain([f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::INFINITY, 1.0]) {
        for schema in COARSEST..FINEST {
            // What is infinite has a bucket of its own at each resolution.
            if value.is_finite() {
                assert_eq!(
                    halved(bounds.bucket(value, schema + 1), 1),
                    bounds.bucket(value, schema),
                    "{value} {schema}"
                );
            }
        }
    }
}

#[test]
fn what_is_infinite_is_above_all_that_is_not() {
    let bounds = Bounds::new();
    for schema in COARSEST..=FINEST {
        assert_eq!(bounds.bucket(f64::INFINITY, schema), bounds.bucket(f64::MAX, schema) + 1);
    }
}

#[test]
fn no_value_is_lost_and_the_buckets_stay_few() {
    let most = 40;
    let native = Native::new(Arc::new(Bounds::new()), FINEST, most);
    let values: Vec<_> = numbers().take(20_000).collect();
    for (n, value) in values.iter().enumerate() {
        native.record(if n % 2 == 0 { *value } else { -value }, 1);
        if n == 10 {
            let buckets = native.buckets();
            assert_eq!(buckets.count(), 11);
        }
    }
    let buckets = native.buckets();
    assert_eq!(buckets.count(), 20_000);
    // All magnitudes there are need more than that; then it is as coarse as can be.
    assert_eq!(buckets.schema, COARSEST);
    let bounds = Bounds::new();
    let mut expected = BTreeMap::new();
    let positive = values.iter().step_by(2).filter(|value| **value > ZERO_THRESHOLD);
    positive.for_each(|value| *expected.entry(bounds.bucket(*value, COARSEST)).or_insert(0) += 1);
    assert_eq!(buckets.positive, expected);
}

#[test]
fn values_that_are_alike_keep_the_finest_resolution() {
    let native = Native::new(Arc::new(Bounds::new()), FINEST, 160);
    (0..1000).for_each(|n| native.record(1.0 + f64::from(n) / 4000.0, 1));
    let buckets = native.buckets();
    assert_eq!((buckets.schema, buckets.count()), (FINEST, 1000));
    assert!(buckets.positive.len() <= 84, "{}", buckets.positive.len());
    (0..1000).for_each(|n| native.record(f64::from(n), 1));
    let buckets = native.buckets();
    assert_eq!(buckets.count(), 2000);
    assert!(buckets.positive.len() <= 160 && (1..FINEST).contains(&buckets.schema), "{buckets:?}");
}

#[test]
fn threads_lose_nothing_while_it_grows_and_becomes_coarser() {
    for _ in 0..20 {
        let native = Native::new(Arc::new(Bounds::new()), FINEST, 20);
        thread::scope(|scope| {
            for thread in 1..=4 {
                let native = &native;
                scope.spawn(move || {
                    for n in 0..2000 {
                        native.record(f64::from(thread) * 1.001_f64.powi(n * 5), 1);
                    }
                });
            }
        });
        assert_eq!(native.buckets().count(), 8000);
    }
}

#[test]
fn zero_and_what_is_near_it_are_one_bucket() {
    let native = Native::new(Arc::new(Bounds::new()), 3, 160);
    [0.0, -0.0, ZERO_THRESHOLD, -ZERO_THRESHOLD, 5e-324].into_iter().for_each(|value| native.record(value, 2));
    native.record(ZERO_THRESHOLD.next_up(), 1);
    let buckets = native.buckets();
    assert_eq!((buckets.zero, buckets.positive.len(), buckets.count()), (10, 1, 11));
}
