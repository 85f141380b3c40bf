//! Nothing that is logged can make a line, a field, or a terminal's picture of its own.

use towerkit_log::{Colour, Logger};
use tracing::info;

use crate::support::{Written, get, json, logfmt};

const ATTEMPTS: [&str; 11] = [
    "x\nts=2000-01-01T00:00:00Z level=error msg=forged",
    "x\r\nlevel=error",
    "x\" level=error msg=\"forged",
    "x\\\" level=error",
    "x level=error",
    "level=error",
    "\x1b[2J\x1b[1;31mERROR\x1b[0m forged",
    "\u{9b}2J\u{85}\u{2028}forged",
    "\u{202e}rorre",
    "\u{61c}rorre",
    "x\"}\n{\"level\":\"error\"}",
];

fn printable(line: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}');
    line.strip_suffix('\n').is_some_and(|line| !line.contains(|c: char| c.is_control() || turns(c)))
}

#[test]
fn by_a_value_a_message_or_what_is_bound_in_logfmt() {
    for attempt in ATTEMPTS {
        let (log, written) = logfmt();
        let log = log.with("bound", attempt);
        log.scope(|| info!(value = attempt, shown = %attempt, debugged = ?attempt, "{attempt}"));
        assert!(printable(&written.line()), "{:?}", written.line());
        let line = &written.logfmt()[0];
        let names: Vec<_> = line.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["level", "msg", "value", "shown", "debugged", "bound"]);
        assert_eq!(get(line, "level"), Some("info"));
    }
}

#[test]
fn by_the_same_in_json() {
    for attempt in ATTEMPTS {
        let (log, written) = json();
        let log = log.with("bound", attempt);
        log.scope(|| info!(value = attempt, shown = %attempt, "{attempt}"));
        assert!(printable(&written.line()), "{:?}", written.line());
        let line = &written.json()[0];
        assert_eq!((line.len(), &line["level"]), (6, &"info".into()));
    }
}

#[test]
fn by_the_same_on_a_terminal() {
    for attempt in ATTEMPTS {
        let written = Written::default();
        let log = Logger::terminal_in(Colour::Never, written.clone()).with("bound", attempt);
        log.scope(|| info!(value = attempt, shown = %attempt, "{attempt}"));
        let line = written.line();
        assert!(printable(&line), "{line:?}");
    }
}

#[test]
fn by_a_message_on_a_terminal_that_could_be_taken_for_a_field() {
    for attempt in ATTEMPTS {
        let written = Written::default();
        Logger::terminal_in(Colour::Never, written.clone()).scope(|| info!("{attempt}"));
        let line = written.line();
        let message = line.split_once(" INFO  ").unwrap().1.trim_end_matches('\n');
        let quoted = serde_json::from_str::<String>(message);
        assert!(!message.contains('=') || quoted.is_ok_and(|text| text == attempt), "{line:?}");
    }
}

#[test]
fn by_a_name() {
    for attempt in ATTEMPTS {
        let (log, written) = logfmt();
        let log = log.with(attempt, 1);
        log.scope(|| info!("m"));
        assert!(printable(&written.line()));
        assert_eq!(written.logfmt()[0].len(), 3, "{}", written.line());
    }
}

#[test]
fn by_a_request_id() {
    use http::HeaderValue;
    use tower::{Layer, Service, ServiceExt};
    use towerkit_endpoint::{Error, Request, endpoint_fn};

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (id, taken) in [
        ("a\"b", true),
        ("a b", false),
        ("a=b", true),
        ("é", false),
        ("", false),
        (&"x".repeat(129), false),
        (&"x".repeat(128), true),
    ] {
        let (log, written) = logfmt();
        let mut service = log.requests("op").layer(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
        let mut request = Request::new(());
        let value = HeaderValue::from_bytes(id.as_bytes()).unwrap();
        request.context_mut().metadata_mut().insert("x-request-id".parse().unwrap(), value);
        runtime.block_on(async { service.ready().await.unwrap().call(request).await }).unwrap();
        let line = &written.logfmt()[0];
        let logged = get(line, "request_id").unwrap();
        assert_eq!(logged == id, taken, "{logged:?}");
        assert!(taken || logged.len() == 16, "{logged:?}");
    }
}
