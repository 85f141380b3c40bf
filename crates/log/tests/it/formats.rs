//! Each form, exactly; and logfmt and JSON read back as what was written.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use towerkit_log::{Colour, Logger};
use tracing::{error, info, warn};

use crate::reader;
use crate::support::{Written, get, json, logfmt};

/// A line with each digit of its time as a 0.
fn timeless(line: &str, time: std::ops::Range<usize>) -> String {
    let digits = |(at, c): (usize, char)| if time.contains(&at) && c.is_ascii_digit() { '0' } else { c };
    line.chars().enumerate().map(digits).collect()
}

#[test]
fn a_line_of_logfmt() {
    let (log, written) = logfmt();
    let log = log.with("service", "greeter");
    log.scope(|| info!(path = r"a\b", empty = "", eq = "a=b", name = "Zoë", "it's up"));
    let expected = "ts=0000-00-00T00:00:00.000000Z level=info msg=\"it's up\" path=\"a\\\\b\" empty=\"\" eq=\"a=b\" \
                    name=\"Zoë\" service=greeter\n";
    assert_eq!(timeless(&written.line(), 0..30), expected);
}

#[test]
fn a_line_of_json() {
    let (log, written) = json();
    log.scope(|| warn!(n = 1, "say \"hi\""));
    let expected = "{\"ts\":\"0000-00-00T00:00:00.000000Z\",\"level\":\"warn\",\"msg\":\"say \\\"hi\\\"\",\"n\":1}\n";
    assert_eq!(timeless(&written.line(), 0..36), expected);
}

#[test]
fn a_line_for_people() {
    let written = Written::default();
    let log = Logger::terminal_in(Colour::Never, written.clone());
    log.scope(|| error!(n = 1, s = "a b", "it burns"));
    assert_eq!(timeless(&written.line(), 0..12), "00:00:00.000 ERROR it burns n=1 s=\"a b\"\n");
}

#[test]
fn a_line_for_people_in_colour() {
    let written = Written::default();
    let log = Logger::terminal_in(Colour::Always, written.clone());
    log.scope(|| error!(n = 1, "it burns"));
    let expected = "00:00:00.000 \x1b[1;31mERROR\x1b[0m it burns \x1b[2mn=\x1b[0m1\n";
    assert_eq!(timeless(&written.line(), 0..12), expected);
}

#[test]
fn a_file_is_no_terminal_and_gets_no_colour() {
    let file = std::fs::File::open("/dev/null").unwrap();
    assert_eq!(Colour::of(&file), Colour::Never);
}

#[test]
fn the_time_is_that_of_the_event_in_utc() {
    let (log, written) = logfmt();
    let before = SystemTime::now();
    for _ in 0..3 {
        log.scope(|| info!("m"));
    }
    let after = SystemTime::now();
    let mut last = before - Duration::from_micros(1);
    for line in written.writes() {
        let ts = get(&reader::logfmt(&line), "ts").unwrap().to_owned();
        let time = seconds(&ts);
        assert!(time >= last && time <= after, "{ts}");
        last = time;
    }
}

/// From `2026-11-26T17:04:42.123456Z`, by a way of its own.
fn seconds(text: &str) -> SystemTime {
    let number = |range: std::ops::Range<usize>| text[range].parse::<u64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let length = |month: u64| match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let days: u64 =
        (1970..year).map(|year| 365 + u64::from(leap(year))).sum::<u64>() + (1..month).map(length).sum::<u64>() + day
            - 1;
    let seconds = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(number(20..26))
}

fn number(line: &str, name: &str) -> f64 {
    let (_, rest) = line.rsplit_once(&format!("\"{name}\":")).unwrap();
    rest.split([',', '}']).next().unwrap().parse().unwrap()
}

/// Text with more of what is special than chance would bring.
fn text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "\"",
        "\\",
        "=",
        " ",
        "\n",
        "\r",
        "\t",
        "\0",
        "\x1b[2J",
        "\x7f",
        "\u{85}",
        "\u{9b}",
        "\u{a0}",
        "\u{2028}",
        "\u{202e}",
        "\u{feff}",
        "]",
        "é",
        "€",
        "𝄞",
        "key=value",
        "level=error",
        "\u{fffd}",
        "\u{200e}",
        "\u{2066}",
        "â",
        "ï",
    ]);
    prop::collection::vec(prop_oneof![special.prop_map(str::to_owned), any::<String>()], 0..8)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn logfmt_reads_back_as_what_was_written(message in text(), bound in text(), value in text(), n in any::<i64>(), x in prop::num::f64::ANY) {
        let (log, written) = logfmt();
        let log = log.with("bound", bound.as_str());
        log.scope(|| info!(text = value.as_str(), shown = %value, n, x, "{message}"));
        let line = &written.logfmt()[0];
        prop_assert_eq!(get(line, "msg").unwrap(), message);
        prop_assert_eq!(get(line, "bound").unwrap(), bound);
        prop_assert_eq!(get(line, "text").unwrap(), &value);
        prop_assert_eq!(get(line, "shown").unwrap(), value);
        prop_assert_eq!(get(line, "n").unwrap().parse::<i64>().unwrap(), n);
        let read: f64 = get(line, "x").unwrap().parse().unwrap();
        prop_assert!(read.to_bits() == x.to_bits() || read.is_nan() && x.is_nan());
        prop_assert_eq!(line.len(), 7);
    }

    #[test]
    fn json_reads_back_as_what_was_written(message in text(), bound in text(), value in text(), n in any::<u64>(), x in prop::num::f64::ANY) {
        let (log, written) = json();
        let log = log.with("bound", bound.as_str());
        log.scope(|| info!(text = value.as_str(), shown = %value, n, x, "{message}"));
        let line = &written.json()[0];
        prop_assert_eq!(line["msg"].as_str().unwrap(), message);
        prop_assert_eq!(line["bound"].as_str().unwrap(), bound);
        prop_assert_eq!(line["text"].as_str().unwrap(), &value);
        prop_assert_eq!(line["shown"].as_str().unwrap(), value);
        prop_assert_eq!(line["n"].as_u64().unwrap(), n);
        match x.is_finite() {
            // Read by hand: serde_json's own reader is off by a little now and then.
            true => prop_assert_eq!(number(&written.line(), "x").to_bits(), x.to_bits()),
            false => prop_assert_eq!(line["x"].as_str().unwrap(), x.to_string()),
        }
        prop_assert_eq!(line.len(), 8);
    }
}
