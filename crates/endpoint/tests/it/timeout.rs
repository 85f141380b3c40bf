use std::time::Duration;

use http::HeaderValue;
use towerkit_endpoint::timeout::{decode, encode};

#[test]
fn every_unit_of_the_grammar_is_read() {
    let read = |text| decode(&HeaderValue::from_static(text)).unwrap();
    assert_eq!(read("2H"), Duration::from_secs(7200));
    assert_eq!(read("2M"), Duration::from_secs(120));
    assert_eq!(read("2S"), Duration::from_secs(2));
    assert_eq!(read("2m"), Duration::from_millis(2));
    assert_eq!(read("2u"), Duration::from_micros(2));
    assert_eq!(read("2n"), Duration::from_nanos(2));
    assert_eq!(read("99999999H"), Duration::from_secs(99_999_999 * 3600));
}

#[test]
fn what_is_no_timeout_is_refused() {
    for text in ["", "m", "5", "123456789m", "-1m", "+1m", "1.5S", "1 m", "1s", "1h", "m1"] {
        assert!(decode(&HeaderValue::from_str(text).unwrap()).is_err(), "{text:?} was read");
    }
}

#[test]
fn a_written_timeout_is_never_longer_than_the_time_and_loses_less_than_a_thousandth() {
    let (mut nanos, mut seed) = (1_u64, 7_u64);
    while nanos < u64::MAX / 3 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let time = Duration::from_nanos(nanos + seed % nanos);
        let read = decode(&encode(time)).unwrap();
        assert!(read <= time, "{time:?} became {read:?}");
        assert!(time - read < (time / 1000).max(Duration::from_micros(1)), "{time:?} became {read:?}");
        nanos *= 2;
    }
}

#[test]
fn times_beyond_the_grammar_are_cut_to_its_end() {
    assert_eq!(encode(Duration::MAX), "99999999H");
    assert_eq!(encode(Duration::ZERO), "0m");
}
