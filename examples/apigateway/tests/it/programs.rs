//! The three programs as processes on ports of their own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use towerkit_testing::http;
use towerkit_testing::process::{Process, free_port};

pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Cargo tells a test of the programs of its own package alone. The others are built beside it, by a run for all packages, or
/// here where they are not there yet.
fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let own = PathBuf::from(env!("CARGO_BIN_EXE_apigateway"));
    let folder = own.parent().unwrap();
    let path = |name: &str| folder.join(name);
    BUILT.get_or_init(|| {
        if ["addsvc", "addcli", "stringsvc3"].iter().all(|name| path(name).is_file()) {
            return;
        }
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "addsvc", "--package", "stringsvc3", "--target-dir"]);
        cargo.arg(folder.parent().unwrap());
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        if cfg!(feature = "etcd") {
            cargo.args(["--features", "addsvc/etcd"]);
        }
        assert!(cargo.status().unwrap().success(), "the programs can't be built");
    });
    path(name)
}

/// One that runs, and the port by which it is called.
pub(crate) struct Program {
    pub(crate) process: Process,
    /// By which it is called here.
    pub(crate) port: u16,
    /// All it has, in the order of its flags.
    pub(crate) ports: Vec<u16>,
}

impl Program {
    fn start(name: &str, ports: &[&str], called: usize, flags: &[&str]) -> Self {
        let addresses: Vec<_> = ports.iter().map(|_| free_port()).collect();
        let listens = ports.iter().zip(&addresses).flat_map(|(flag, port)| [(*flag).to_owned(), address(*port)]);
        let mut command = Command::new(if name == "apigateway" {
            PathBuf::from(env!("CARGO_BIN_EXE_apigateway"))
        } else {
            program(name)
        });
        let mut process = Process::start(command.args(listens).args(flags));
        // Its last member is ready when it says so.
        process.wait_until_said(&format!("{name} listens"), 1, SOON);
        Self { process, port: addresses[called], ports: addresses }
    }

    /// It is called by gRPC.
    pub(crate) fn addsvc(flags: &[&str]) -> Self {
        Self::start("addsvc", &["--http-addr", "--grpc-addr", "--jsonrpc-addr", "--debug-addr"], 1, flags)
    }

    /// It is called by HTTP.
    pub(crate) fn addsvc_by_http(flags: &[&str]) -> Self {
        Self::start("addsvc", &["--http-addr", "--grpc-addr", "--jsonrpc-addr", "--debug-addr"], 0, flags)
    }

    pub(crate) fn stringsvc(flags: &[&str]) -> Self {
        Self::start("stringsvc3", &["--http-addr"], 0, flags)
    }

    pub(crate) fn gateway(flags: &[&str]) -> Self {
        Self::start("apigateway", &["--http-addr", "--debug-addr"], 0, flags)
    }

    pub(crate) fn address(&self) -> String {
        address(self.port)
    }

    /// Status and body.
    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, String) {
        let reply = http::post(self.port, path, body);
        (reply.status, reply.body)
    }

    /// Waits until it has told of something so often.
    pub(crate) fn told(&mut self, what: &str, times: usize) {
        self.process.wait_until_said(what, times, SOON);
    }
}

/// What addcli prints of 1 and 2.
pub(crate) fn addcli(flags: &[&str]) -> String {
    let output = Command::new(program("addcli")).args(flags).args(["1", "2"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
