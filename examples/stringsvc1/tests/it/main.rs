//! The tutorial's first page does what it says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::Duration;

use towerkit_testing::http::{Reply, post};
use towerkit_testing::process::{Process, free_port};

/// It, and where it listens.
struct Stringsvc(#[expect(dead_code, reason = "killed when dropped")] Process, u16);

impl Stringsvc {
    fn start() -> Self {
        let port = free_port();
        let process = Process::start(Command::new(env!("CARGO_BIN_EXE_stringsvc1")).arg(format!("127.0.0.1:{port}")));
        Self(process.listens_on(port, Duration::from_secs(10)), port)
    }

    fn post(&self, path: &str, body: &str) -> Reply {
        post(self.1, path, body)
    }
}

#[test]
fn uppercase_and_count_answer_as_in_the_tutorial() {
    let stringsvc = Stringsvc::start();
    assert_eq!(stringsvc.post("/uppercase", r#"{"s":"hello, world"}"#).body, r#"{"v":"HELLO, WORLD"}"#);
    assert_eq!(stringsvc.post("/count", r#"{"s":"hello, world"}"#).body, r#"{"v":12}"#);
}

#[test]
fn an_empty_string_is_refused() {
    let reply = Stringsvc::start().post("/uppercase", r#"{"s":""}"#);
    assert!(reply.status == 400 && reply.body.contains("empty string"), "{reply:?}");
}
