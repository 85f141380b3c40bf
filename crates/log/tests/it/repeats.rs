//! What one place writes again and again, within a bound; and what is left out is told.

use tracing::{error, info};

use crate::support::{Written, get, logfmt};

/// Lines and what they say was left out before them.
fn counts(written: &Written) -> (u64, u64) {
    let told = |line: &Vec<(String, String)>| get(line, "left_out").map_or(0, |count| count.parse::<u64>().unwrap());
    let lines = written.logfmt();
    (lines.len() as u64, lines.iter().map(told).sum())
}

#[test]
fn the_first_of_a_second_are_written_and_then_every_nth() {
    let (log, written) = logfmt();
    log.limit_repeats(3, 10);
    log.scope(|| (0..1000).for_each(|n| info!(n, "again")));
    let (lines, told) = counts(&written);
    // As many seconds as it took; in one of them, 3 and 99 lines.
    assert!((102..=110).contains(&lines), "{lines}");
    assert_eq!(lines + log.left_out(), 1000);
    assert!(told <= log.left_out() && told + 10 > log.left_out(), "{told} of {}", log.left_out());
    assert_eq!(get(&written.logfmt()[3], "left_out"), Some("9"));
}

#[test]
fn each_place_has_a_bound_of_its_own_and_errors_have_none() {
    let (log, written) = logfmt();
    log.limit_repeats(1, 0);
    log.scope(|| {
        for _ in 0..20 {
            info!("one");
            info!("two");
            error!("three");
        }
    });
    let of = |message: &str| written.logfmt().iter().filter(|line| get(line, "msg") == Some(message)).count();
    assert!((1..=3).contains(&of("one")) && (1..=3).contains(&of("two")), "{:?}", counts(&written));
    assert_eq!(of("three"), 20);
    assert_eq!(log.left_out(), 40 - (of("one") + of("two")) as u64);
}

#[test]
fn without_a_bound_all_are_written_again() {
    let (log, written) = logfmt();
    log.limit_repeats(1, 0);
    log.limit_repeats(0, 0);
    log.scope(|| (0..50).for_each(|_| info!("again")));
    assert_eq!((counts(&written), log.left_out()), ((50, 0), 0));
}
