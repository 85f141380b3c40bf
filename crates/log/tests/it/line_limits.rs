//! A line has an end, whatever is put into it.

use std::fmt;

use tracing::info;

use crate::support::{get, json, logfmt};

#[test]
fn a_value_is_cut_after_8_kib_and_says_so() {
    let (log, written) = logfmt();
    let long = "é".repeat(100_000);
    log.scope(|| info!(text = long.as_str(), shown = %long, after = 1, "{long}"));
    let line = &written.logfmt()[0];
    for name in ["msg", "text", "shown"] {
        let value = get(line, name).unwrap();
        assert!(value.len() <= 8 * 1024 + 3 && value.len() > 8000 && value.ends_with("é…"), "{name}: {}", value.len());
    }
    assert_eq!(get(line, "after"), Some("1"));
}

#[test]
fn a_display_that_never_ends_is_stopped() {
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("and on ")?;
            }
        }
    }
    let (log, written) = json();
    log.scope(|| info!(text = %Endless, "m"));
    assert!(written.json()[0]["text"].as_str().unwrap().ends_with('…'));
}

#[test]
fn escapes_count_and_are_never_cut_in_two() {
    let (log, written) = json();
    for offset in 0..8 {
        let long = "x".repeat(offset) + &"\x01".repeat(10_000);
        log.scope(|| info!(text = %long, "m"));
    }
    for line in written.json() {
        let text = line["text"].as_str().unwrap();
        let rest = text.trim_start_matches('x').trim_end_matches('…');
        assert!(rest.chars().all(|c| c == '\x01') && rest.len() > 1300, "{text:?}");
    }
}

#[test]
fn a_line_ends_before_64_kib_and_says_that_fields_are_left_out() {
    for (log, written) in [logfmt(), json()] {
        let long = "x".repeat(10_000);
        let log = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]
            .iter()
            .fold(log, |log, name| log.with(name, long.as_str()));
        log.scope(|| info!(first = 1, "m"));
        let line = written.line();
        assert!(line.len() < 64 * 1024 && line.len() > 48 * 1024, "{}", line.len());
        assert!(line.contains("cut") && line.contains("first"));
    }
}
