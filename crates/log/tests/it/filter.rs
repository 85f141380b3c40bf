//! Which lines are written, and that it can be changed at any time.

use tracing::{Level, event, info_span};

use crate::support::{json, logfmt};

fn told(log: &towerkit_log::Logger) {
    log.scope(|| {
        event!(target: "a", Level::DEBUG, "a debug");
        event!(target: "a::inner", Level::WARN, "inner warn");
        event!(target: "b", Level::INFO, "b info");
        event!(target: "b", Level::ERROR, "b error");
    });
}

#[test]
fn a_level_for_each_target_and_one_for_the_rest() {
    let cases: [(&str, &[&str]); 8] = [
        ("info", &["inner warn", "b info", "b error"]),
        ("a=debug", &["a debug", "inner warn"]),
        ("error,a=debug", &["a debug", "inner warn", "b error"]),
        ("error, a=debug, a::inner=off", &["a debug", "b error"]),
        ("off", &[]),
        ("TRACE", &["a debug", "inner warn", "b info", "b error"]),
        ("3", &["inner warn", "b info", "b error"]),
        ("off,b=error", &["b error"]),
    ];
    let (log, written) = json();
    for (filter, expected) in cases {
        log.set_filter(filter).unwrap();
        assert_eq!(log.filter(), filter);
        told(&log); // the same places each time: what `tracing` remembers of them is asked anew
        let messages: Vec<_> = written.json().iter().map(|line| line["msg"].as_str().unwrap().to_owned()).collect();
        assert_eq!(messages, expected, "{filter}");
        let _ = written.take();
    }
}

#[test]
fn a_part_that_can_not_be_read_is_named_and_changes_nothing() {
    let (log, written) = logfmt();
    for (filter, part) in
        [("info,hyper=wran", "hyper=wran"), ("imfo", "imfo"), ("", ""), ("info,", ""), ("=info", "=info"), ("a=", "a=")]
    {
        let error = log.set_filter(filter).unwrap_err();
        assert_eq!(error.part(), part);
        assert!(error.to_string().contains(&format!("{part:?}")), "{error}");
    }
    assert_eq!(log.filter(), "info");
    told(&log);
    assert_eq!(written.writes().len(), 3);
    assert!(towerkit_log::Logger::off().set_filter("imfo").is_err());
}

#[test]
fn a_place_that_was_reached_first_outside_of_any_scope_is_heard_later() {
    let (log, written) = logfmt();
    let place = || tracing::info!("reached");
    place(); // nobody listens here; `tracing` asks all loggers all the same, and remembers
    log.scope(place);
    assert_eq!(written.writes().len(), 1);
}

#[test]
fn a_change_on_one_thread_holds_for_a_place_that_others_have_reached() {
    let (log, written) = logfmt();
    let place = |log: &towerkit_log::Logger| log.scope(|| tracing::debug!("reached"));
    place(&log);
    std::thread::scope(|threads| {
        threads.spawn(|| log.set_filter("debug").unwrap());
    });
    std::thread::scope(|threads| {
        threads.spawn(|| place(&log));
    });
    place(&log);
    log.set_filter("warn").unwrap();
    place(&log);
    assert_eq!(written.writes().len(), 2);
}

#[test]
fn two_loggers_have_filters_of_their_own() {
    let (first, heard_first) = logfmt();
    let (second, heard_second) = logfmt();
    first.set_filter("error").unwrap();
    second.set_filter("debug").unwrap();
    for log in [&first, &second, &first] {
        log.scope(|| tracing::debug!("reached"));
    }
    assert_eq!((heard_first.writes().len(), heard_second.writes().len()), (0, 1));
}

#[test]
fn a_span_that_is_left_out_adds_no_fields() {
    let (log, written) = logfmt();
    log.set_filter("info,quiet=off").unwrap();
    log.scope(|| info_span!(target: "quiet", "span", secret = 1).in_scope(|| tracing::info!("m")));
    assert!(!written.line().contains("secret"), "{}", written.line());
}
