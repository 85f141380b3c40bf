//! The tutorial's service over NATS does what it says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::Duration;

use towerkit_testing::http::{self, Reply};
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

const SOON: Duration = Duration::from_secs(10);

/// A NATS server, and one or more of the service on it.
struct Site {
    nats: u16,
    _server: Process,
}

impl Site {
    /// None where there is no NATS server.
    fn start(test: &str) -> Option<Self> {
        let program = tool::find("nats-server", test)?;
        let nats = free_port();
        let server = Process::start(Command::new(program).args(["-a", "127.0.0.1", "-p", &nats.to_string()]));
        Some(Self { nats, _server: server.listens_on(nats, SOON) })
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.nats)
    }

    fn stringsvc(&self) -> Stringsvc {
        let port = free_port();
        let mut program = Command::new(env!("CARGO_BIN_EXE_stringsvc4"));
        program.args(["--nats-url", &self.url(), "--http-addr", &format!("127.0.0.1:{port}")]);
        Stringsvc { process: Process::start(&mut program).listens_on(port, SOON), port }
    }
}

struct Stringsvc {
    process: Process,
    port: u16,
}

impl Stringsvc {
    fn post(&self, path: &str, body: &str) -> Reply {
        http::post(self.port, path, body)
    }
}

#[test]
fn what_is_asked_by_http_is_answered_over_nats() {
    let Some(site) = Site::start("what_is_asked_by_http_is_answered_over_nats") else { return };
    let stringsvc = site.stringsvc();
    assert_eq!(stringsvc.post("/uppercase", r#"{"s":"hello, world"}"#).body, r#"{"v":"HELLO, WORLD"}"#);
    assert_eq!(stringsvc.post("/count", r#"{"s":"hello, world"}"#).body, r#"{"v":12}"#);
}

#[test]
fn what_is_refused_over_nats_is_refused_by_http_with_the_same_words() {
    let Some(site) = Site::start("what_is_refused_over_nats_is_refused_by_http_with_the_same_words") else { return };
    let reply = site.stringsvc().post("/uppercase", r#"{"s":""}"#);
    assert!(reply.status == 400 && reply.body.contains("empty string"), "{reply:?}");
}

#[test]
fn when_one_of_two_is_gone_the_other_answers() {
    let Some(site) = Site::start("when_one_of_two_is_gone_the_other_answers") else { return };
    let (first, second) = (site.stringsvc(), site.stringsvc());
    // Its subscriptions are gone when it has ended.
    assert!(first.process.terminate(SOON).success());
    for _ in 0..20 {
        assert_eq!(second.post("/count", r#"{"s":"four"}"#).body, r#"{"v":4}"#);
    }
}

#[test]
fn a_nats_that_is_not_there_is_told_with_its_flag() {
    let output = Command::new(env!("CARGO_BIN_EXE_stringsvc4"))
        .args(["--nats-url", "nats://127.0.0.1:1", "--http-addr", "127.0.0.1:0"])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("error: --nats-url: "), "{error}");
}
