//! The level of a request's line is that of how it went.

use std::time::Duration;

use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt};
use towerkit_endpoint::{Code, Endpoint, Error, Request, endpoint_fn};
use towerkit_log::{LogLayer, Logged, Outcome};
use tracing::Level;

use crate::support::{Written, get, logfmt};

/// Takes so many milliseconds, and ends so.
type Script = (u64, Option<Code>);

fn around<M: Clone>(layer: &LogLayer<M>) -> Logged<impl Endpoint<Script, Reply = (), Failure = Error>, M> {
    layer.layer(endpoint_fn(|(millis, code): Script| async move {
        sleep(Duration::from_millis(millis)).await;
        code.map_or(Ok(()), |code| Err(Error::from(code)))
    }))
}

fn told(written: &Written) -> Vec<(String, String)> {
    let lines = written.logfmt();
    let _ = written.take();
    lines.iter().map(|line| (get(line, "level").unwrap().to_owned(), get(line, "code").unwrap().to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn faults_are_errors_refusals_are_not_and_what_is_slow_is_a_warning() {
    let (log, written) = logfmt();
    let service = around(&log.requests("op").slow_after(Duration::from_millis(100)));
    let cases = [
        ((1, None), "info"),
        ((100, None), "info"),
        ((101, None), "warn"),
        ((1, Some(Code::NotFound)), "info"),
        ((101, Some(Code::NotFound)), "warn"),
        ((1, Some(Code::Internal)), "error"),
        ((101, Some(Code::Internal)), "error"),
    ];
    for (script, level) in cases {
        let _ = service.invoke(script).await;
        let code = script.1.map_or("ok", Code::as_str).to_owned();
        assert_eq!(told(&written), [(level.to_owned(), code)], "{script:?}");
    }
    for code in Code::ALL {
        let _ = service.invoke((0, Some(code))).await;
        let level = if code.is_fault() { "error" } else { "info" };
        assert_eq!(told(&written), [(level.to_owned(), code.as_str().to_owned())]);
    }
}

#[tokio::test(start_paused = true)]
async fn each_level_can_be_set() {
    let (log, written) = logfmt();
    log.set_filter("trace").unwrap();
    let layer = log
        .requests("op")
        .slow_after(Duration::from_millis(100))
        .level(Outcome::Ok, Level::TRACE)
        .level(Outcome::Slow, Level::ERROR)
        .level(Outcome::Refused, Level::WARN)
        .level(Outcome::Fault, Level::INFO)
        .level(Outcome::Cancelled, Level::DEBUG);
    let service = around(&layer);
    for (script, level) in [
        ((1, None), "trace"),
        ((101, None), "error"),
        ((1, Some(Code::NotFound)), "warn"),
        ((1, Some(Code::Internal)), "info"),
    ] {
        let _ = service.invoke(script).await;
        assert_eq!(told(&written)[0].0, level);
    }
    tokio::time::timeout(Duration::from_millis(10), service.invoke((1000, None))).await.unwrap_err();
    assert_eq!(told(&written), [("debug".to_owned(), "cancelled".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_was_cancelled_and_before_its_first_poll_it_was_none() {
    let (log, written) = logfmt();
    let mut service = around(&log.requests("op"));
    drop(service.ready().await.unwrap().call(Request::new((1, None))));
    assert_eq!(told(&written), []);
    let call = service.ready().await.unwrap().call(Request::new((1000, None)));
    tokio::time::timeout(Duration::from_millis(10), call).await.unwrap_err();
    assert_eq!(told(&written), [("info".to_owned(), "cancelled".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn one_in_so_many_of_those_that_went_well_is_written_and_all_others_are() {
    let (log, written) = logfmt();
    let layer = log.requests("op").one_in(10).slow_after(Duration::from_millis(100));
    let service = around(&layer);
    for n in 0..100 {
        let script = match n % 20 {
            5 => (0, Some(Code::Internal)),
            6 => (0, Some(Code::NotFound)),
            7 => (101, None),
            _ => (0, None),
        };
        let _ = service.invoke(script).await;
    }
    let lines = written.logfmt();
    let count = |name: &str, value: &str| lines.iter().filter(|line| get(line, name) == Some(value)).count();
    // 85 went well: the 1st, 11th, ... 81st of them are written.
    assert_eq!((count("code", "internal"), count("code", "not_found"), count("level", "warn")), (5, 5, 5));
    assert_eq!(count("code", "ok"), 5 + 9);
    assert_eq!(layer.left_out(), 85 - 9);
    assert_eq!(count("left_out", "9"), 8);
}
