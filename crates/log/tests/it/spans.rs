//! The spans of users, and their fields.

use tracing::field::Empty;
use tracing::{Instrument, info, info_span, instrument};

use crate::support::{get, json, logfmt, pairs};

#[instrument(fields(kind = "test"))]
fn add(a: i64, b: i64) -> i64 {
    info!("adding");
    a + b
}

#[test]
fn the_fields_of_an_instrumented_function_are_in_its_lines() {
    let (log, written) = json();
    log.scope(|| add(1, 2));
    let line = written.json().remove(0);
    assert_eq!((&line["a"], &line["b"], &line["kind"]), (&1.into(), &2.into(), &"test".into()));
}

#[test]
fn inner_spans_win_over_outer_ones() {
    let (log, written) = logfmt();
    log.scope(|| {
        let _outer = info_span!("outer", a = 1, b = 1).entered();
        let _inner = info_span!("inner", a = 2).entered();
        info!("m");
    });
    assert_eq!(written.logfmt(), [pairs([("level", "info"), ("msg", "m"), ("a", "2"), ("b", "1")])]);
}

#[test]
fn what_is_recorded_later_is_there_and_takes_the_place_of_what_was() {
    let (log, written) = logfmt();
    log.scope(|| {
        let span = info_span!("span", a = 1, late = Empty);
        span.record("late", "here").record("a", 2);
        span.in_scope(|| info!("m"));
        let empty = info_span!("span", late = Empty);
        empty.record("late", "as well");
        empty.in_scope(|| info!("m"));
    });
    let lines = written.logfmt();
    assert_eq!((get(&lines[0], "a"), get(&lines[0], "late")), (Some("2"), Some("here")));
    assert_eq!(get(&lines[1], "late"), Some("as well"));
}

#[tokio::test]
async fn a_future_with_a_span_has_its_fields_at_each_poll() {
    let (log, written) = logfmt();
    let work = async {
        tokio::task::yield_now().await;
        info!("m");
    };
    let future = log.scope(|| work.instrument(info_span!("span", a = 1)));
    log.follow(future).await;
    assert_eq!(get(&written.logfmt()[0], "a"), Some("1"));
}

#[test]
fn a_parent_that_is_named_counts_and_none_is_none() {
    let (log, written) = logfmt();
    log.scope(|| {
        let other = info_span!("other", a = 1);
        let _entered = info_span!("entered", b = 2).entered();
        info!(parent: &other, "m");
        info!(parent: None, "m");
    });
    let lines = written.logfmt();
    assert_eq!((get(&lines[0], "a"), get(&lines[0], "b")), (Some("1"), None));
    assert_eq!((get(&lines[1], "a"), get(&lines[1], "b")), (None, None));
}
