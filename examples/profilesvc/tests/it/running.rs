//! profilesvc as a process.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use towerkit::sd::Instance;
use towerkit_testing::http::send;
use towerkit_testing::process::{Process, free_port};

pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) const JSON: &str = "content-type: application/json\r\n";

pub(crate) struct Profilesvc {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

impl Profilesvc {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_profilesvc"));
        let mut process = Process::start(command.args(["--http-addr", &format!("127.0.0.1:{port}")]).args(flags));
        process.wait_until_said("msg=ready", 1, SOON);
        Self { process, port }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn instance(&self) -> Instance {
        Instance::new("127.0.0.1", self.port)
    }

    /// Status and body.
    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let reply = send(self.port, method, path, JSON, body);
        (reply.status, reply.body)
    }

    /// It goes well, and this is the body.
    pub(crate) fn good(&self, method: &str, path: &str, body: &str, answer: &str) {
        assert_eq!(self.call(method, path, body), (200, answer.to_owned()), "{method} {path} {body}");
    }

    /// It is refused, with problem details.
    pub(crate) fn bad(&self, method: &str, path: &str, body: &str, status: u16, detail: &str) {
        let (given, answer) = self.call(method, path, body);
        let problem: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((given, problem["detail"].as_str()), (status, Some(detail)), "{method} {path} {body}: {answer}");
        assert_eq!(problem["status"], status, "{answer}");
    }
}
