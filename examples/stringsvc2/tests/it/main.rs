//! The tutorial's second page does what it says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::Duration;

use towerkit_testing::http::{get, post};
use towerkit_testing::process::{Process, free_port};

const SOON: Duration = Duration::from_secs(10);

/// It, and where it listens.
struct Stringsvc(Process, u16);

impl Stringsvc {
    fn start() -> Self {
        let port = free_port();
        let process = Process::start(Command::new(env!("CARGO_BIN_EXE_stringsvc2")).arg(format!("127.0.0.1:{port}")));
        Self(process.listens_on(port, SOON), port)
    }
}

#[test]
fn each_request_is_a_line_with_its_input_and_its_code() {
    let mut stringsvc = Stringsvc::start();
    assert_eq!(post(stringsvc.1, "/uppercase", r#"{"s":"hello, world"}"#).body, r#"{"v":"HELLO, WORLD"}"#);
    assert_eq!(post(stringsvc.1, "/uppercase", r#"{"s":""}"#).status, 400);
    stringsvc.0.wait_until_said("msg=request", 2, SOON);
    let said = stringsvc.0.said();
    for part in [
        "operation=uppercase code=ok ",
        r#"input="hello, world""#,
        "code=invalid_argument ",
        r#"err="s: empty string""#,
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    // What user code tells by a plain macro is told of the request.
    let line = said.lines().find(|line| line.contains(r#"output="HELLO, WORLD""#)).unwrap();
    assert!(
        line.contains("level=debug") && line.contains("operation=uppercase") && line.contains("request_id="),
        "{line}"
    );
}

#[test]
fn its_metrics_tell_of_requests_and_of_what_count_answered() {
    let stringsvc = Stringsvc::start();
    assert_eq!(post(stringsvc.1, "/count", r#"{"s":"hello, world"}"#).body, r#"{"v":12}"#);
    let page = get(stringsvc.1, "/metrics").body;
    for line in [
        "stringsvc_requests_total{code=\"ok\",operation=\"count\"} 1\n",
        "stringsvc_request_duration_seconds_count{operation=\"count\"} 1\n",
        "stringsvc_count_result_bytes_bucket{le=\"10.0\"} 0\n",
        "stringsvc_count_result_bytes_bucket{le=\"100.0\"} 1\n",
        "stringsvc_count_result_bytes_sum 12\n",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}
