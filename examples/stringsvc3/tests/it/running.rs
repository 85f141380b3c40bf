//! stringsvc3 as a process on a port of its own.

use std::process::{Command, Output};
use std::time::Duration;

use towerkit_testing::http;
use towerkit_testing::process::{Process, free_port};

pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Stringsvc {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

impl Stringsvc {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_stringsvc3"));
        let process = Process::start(command.args(["--http-addr", &address]).args(flags)).listens_on(port, SOON);
        Self { process, port }
    }

    /// Several, and one before them.
    pub(crate) fn behind_a_proxy(count: usize) -> (Vec<Self>, Self) {
        let instances: Vec<_> = (0..count).map(|_| Self::start(&[])).collect();
        let addresses: Vec<_> = instances.iter().map(Self::address).collect();
        let proxy = Self::start(&["--proxy", &addresses.join(",")]);
        (instances, proxy)
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Status and body.
    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, String) {
        let reply = http::post(self.port, path, body);
        (reply.status, reply.body)
    }

    /// Waits until it has told of something.
    pub(crate) fn told(&mut self, what: &str) {
        self.process.wait_until_said(what, 1, SOON);
    }
}

/// Runs it where it is to refuse its flags.
pub(crate) fn refused(flags: &[&str]) -> String {
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_stringsvc3")).args(flags).output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}
