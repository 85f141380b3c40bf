//! greeter as a process on ports of its own.

use std::process::{Command, Output};
use std::time::Duration;

use towerkit_testing::process::{Process, free_port};

pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Greeter {
    pub(crate) process: Process,
    pub(crate) http: u16,
    pub(crate) grpc: u16,
}

impl Greeter {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let [http, grpc] = [free_port(), free_port()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_greeter"));
        command.args(["--http-addr", &format!("127.0.0.1:{http}"), "--grpc-addr", &format!("127.0.0.1:{grpc}")]);
        let mut process = Process::start(command.args(flags));
        process.wait_until_said("msg=ready", 1, SOON);
        Self { process, http, grpc }
    }

    /// Where its gRPC is.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.grpc)
    }
}

/// Runs it with flags by which it ends by itself.
pub(crate) fn run(flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_greeter")).args(flags).output().unwrap()
}

/// What it prints in place of serving.
pub(crate) fn greet(name: &str, flags: &[&str]) -> String {
    let output = run(&[&["--greet", name], flags].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it says where it ends with an error.
pub(crate) fn refused(flags: &[&str]) -> String {
    let output = run(flags);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}
