//! What stands in a line, and which of two fields of one name.

use std::fmt;

use tracing::field::{debug, display};
use tracing::{Level, error, event, info, info_span, trace, warn};

use crate::support::{get, json, logfmt, pairs};

#[test]
fn an_event_is_its_level_its_message_its_fields_and_what_is_bound() {
    let (log, written) = logfmt();
    let log = log.with("service", "greeter");
    log.scope(|| info!(addr = "127.0.0.1:80", tries = 3, "it is up"));
    let expected =
        [("level", "info"), ("msg", "it is up"), ("addr", "127.0.0.1:80"), ("tries", "3"), ("service", "greeter")];
    assert_eq!(written.logfmt(), [pairs(expected)]);
}

#[test]
fn each_level_has_its_name_and_trace_is_off_at_first() {
    let (log, written) = logfmt();
    log.scope(|| {
        error!("e");
        warn!("w");
        info!("i");
        tracing::debug!("d");
        trace!("t");
    });
    let levels: Vec<_> = written.logfmt().iter().map(|line| get(line, "level").unwrap().to_owned()).collect();
    assert_eq!(levels, ["error", "warn", "info"]);
}

#[test]
fn an_event_without_a_message_has_none() {
    let (log, written) = logfmt();
    log.scope(|| info!(answer = 42));
    assert_eq!(written.logfmt(), [pairs([("level", "info"), ("answer", "42")])]);
}

#[test]
fn the_innermost_of_a_name_wins_and_stands_once() {
    let (log, written) = logfmt();
    let log = log.with("who", "bound").with("place", "bound");
    log.scope(|| {
        log.with("who", "inner scope").scope(|| {
            info!("scope");
            info_span!("span", who = "span").in_scope(|| {
                info!("span");
                info!(who = "event", "event");
            });
        });
    });
    let who: Vec<_> = written.logfmt().iter().map(|line| get(line, "who").unwrap().to_owned()).collect();
    assert_eq!(who, ["inner scope", "span", "event"]);
    assert!(written.logfmt().iter().all(|line| get(line, "place") == Some("bound")));
}

#[test]
fn a_field_bound_again_takes_the_place_of_the_first() {
    let (log, written) = logfmt();
    let log = log.with("a", 1).with("b", 2).with("a", 3);
    log.scope(|| info!("m"));
    assert_eq!(written.logfmt(), [pairs([("level", "info"), ("msg", "m"), ("b", "2"), ("a", "3")])]);
}

#[test]
fn a_users_field_can_not_be_taken_for_one_of_the_lines_own() {
    let (log, written) = logfmt();
    let log = log.with("ts", "bound");
    log.scope(|| info!(level = "none", msg = "mine", target = "there", "the message"));
    let expected = [
        ("level", "info"),
        ("msg", "the message"),
        ("fields.level", "none"),
        ("fields.msg", "mine"),
        ("fields.target", "there"),
        ("fields.ts", "bound"),
    ];
    assert_eq!(written.logfmt(), [pairs(expected)]);
}

#[test]
fn a_name_is_made_fit_for_every_form() {
    let (log, written) = logfmt();
    let log = log.with("a b=\"c\"\n", 1).with("", 2).with("é", 3).with("user.id", 4);
    log.scope(|| info!("m"));
    let names: Vec<_> = written.logfmt()[0].iter().skip(2).map(|(name, _)| name.clone()).collect();
    assert_eq!(names, ["a_b__c__", "_", "__", "user.id"]);
}

#[test]
fn values_are_what_they_are_in_json() {
    let (log, written) = json();
    let log = log.with("bound", 7_u8);
    log.scope(|| {
        info!(
            int = -3,
            large = u64::MAX,
            huge = u128::MAX,
            small = i128::MIN,
            wide = 5_i128,
            float = 0.1,
            whole = 1.0,
            tiny = 1e-300,
            infinite = f64::INFINITY,
            nan = f64::NAN,
            yes = true,
            text = "t",
            shown = %"s",
            debugged = ?Some(1),
            none = Option::<u8>::None,
            "m"
        );
    });
    let line = serde_json::Value::from(written.json().remove(0));
    let expected = serde_json::json!({
        "ts": line["ts"], "level": "info", "msg": "m", "int": -3, "large": u64::MAX, "huge": u128::MAX.to_string(),
        "small": i128::MIN.to_string(), "wide": 5, "float": 0.1, "whole": 1.0, "tiny": 1e-300, "infinite": "inf", "nan": "NaN",
        "yes": true, "text": "t", "shown": "s", "debugged": "Some(1)", "bound": 7,
    });
    assert_eq!(line, expected);
}

#[test]
fn bound_values_are_any_that_tracing_takes() {
    let (log, written) = json();
    let log = log.with("display", display("d")).with("debug", debug("d")).with("flag", false).with("ratio", 0.5);
    log.scope(|| info!("m"));
    let line = written.json().remove(0);
    assert_eq!((&line["display"], &line["debug"]), (&"d".into(), &"\"d\"".into()));
    assert_eq!((&line["flag"], &line["ratio"]), (&false.into(), &0.5.into()));
}

#[test]
fn an_error_is_told_with_its_causes() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no booking")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let (log, written) = logfmt();
    let outer = Outer(std::io::Error::other("shard 3 is read-only"));
    log.scope(|| error!(err = &outer as &(dyn std::error::Error + 'static), "failed"));
    assert_eq!(get(&written.logfmt()[0], "err"), Some("no booking: shard 3 is read-only"));
}

#[test]
fn a_display_that_panics_or_fails_costs_its_value_alone() {
    struct Panics;
    impl fmt::Display for Panics {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            panic!("on purpose")
        }
    }
    struct Fails;
    impl fmt::Display for Fails {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    for (log, written) in [logfmt(), json()] {
        log.scope(|| info!(before = 1, bad = %Panics, worse = %Fails, after = 2, "m"));
        let line = written.line();
        assert!(line.contains("half (its Display panicked)") && line.contains("after"), "{line}");
        log.scope(|| info!("and on"));
        assert_eq!(written.writes().len(), 2);
    }
}

#[test]
fn a_line_says_its_target_where_it_is_asked_to() {
    let (log, written) = logfmt();
    log.show_targets(true);
    log.scope(|| event!(target: "a::b", Level::INFO, "m"));
    log.show_targets(false);
    log.scope(|| event!(target: "a::b", Level::INFO, "m"));
    let targets: Vec<_> = written.logfmt().iter().map(|line| get(line, "target").map(str::to_owned)).collect();
    assert_eq!(targets, [Some("a::b".to_owned()), None]);
}

#[test]
fn a_writer_or_a_display_that_logs_by_itself_loses_that_line_alone() {
    struct Logs(towerkit_log::Logger);
    impl fmt::Display for Logs {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.scope(|| info!("inside"));
            f.write_str("logged")
        }
    }
    let (log, written) = logfmt();
    let value = Logs(log.clone());
    log.scope(|| info!(%value, "outside"));
    log.scope(|| info!("after"));
    let messages: Vec<_> = written.logfmt().iter().map(|line| get(line, "msg").unwrap().to_owned()).collect();
    assert_eq!(messages, ["outside", "after"]);
    assert_eq!(get(&written.logfmt()[0], "value"), Some("logged"));
}
