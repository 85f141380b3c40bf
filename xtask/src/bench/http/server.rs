//! The servers that are compared: one program, `crates/transport-http/examples/bench_server.rs`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Hyper,
    Json,
    Stack,
    Router,
    Axum,
    AxumStack,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::Hyper, Self::Json, Self::Stack, Self::Router, Self::Axum, Self::AxumStack];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper by hand",
            Self::Json => "Server::json",
            Self::Stack => "Server::json, stack",
            Self::Router => "Router, Server::json",
            Self::Axum => "axum",
            Self::AxumStack => "axum, timeout, limit, shed",
        }
    }

    const fn argument(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Json => "json",
            Self::Stack => "stack",
            Self::Router => "router",
            Self::Axum => "axum",
            Self::AxumStack => "axum-stack",
        }
    }
}

pub fn build() -> Result<()> {
    let mut build = workspace::cargo();
    build.args([
        "build",
        "--quiet",
        "--profile",
        "bench",
        "--package",
        "towerkit-transport-http",
        "--example",
        "bench_server",
    ]);
    if !build.status()?.success() {
        bail!("bench_server can't be built");
    }
    Ok(())
}

fn program() -> PathBuf {
    workspace::target().join("release/examples/bench_server")
}

/// A server that runs, and is stopped by its id when this is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// The reverse proxy in front of another.
    pub fn proxy(backend: SocketAddr) -> Result<Self> {
        let mut command = Command::new(program());
        command.args(["proxy", &backend.to_string()]);
        Self::listen(&mut command, "proxy")
    }

    /// A program of another make, of which it is known where it listens.
    pub const fn foreign(child: Child, address: SocketAddr) -> Self {
        Self { child, address }
    }

    pub fn start(kind: Kind, under_callgrind: bool) -> Result<Self> {
        let program = program();
        let mut command = if under_callgrind {
            let mut valgrind = Command::new("valgrind");
            valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
            valgrind
        } else {
            Command::new(program)
        };
        command.stderr(if under_callgrind { Stdio::piped() } else { Stdio::inherit() });
        Self::listen(command.arg(kind.argument()), kind.argument())
    }

    /// Starts it, and reads where it listens.
    fn listen(command: &mut Command, name: &str) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("bench_server {name} said {line:?}"))?;
        Ok(Self { child, address })
    }

    /// User and system time so far, in microseconds (proc(5), `stat`, fields 14 and 15).
    pub fn cpu_micros(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name of the program, in brackets, may hold blanks.
        let (_, rest) = stat.rsplit_once(')').context("stat")?;
        let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        // A tick is a hundredth of a second on every Linux that Rust runs on.
        Ok(ticks * 10_000.0)
    }

    /// Resident memory, in bytes (`VmRSS`).
    pub fn resident(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
    }

    /// Ends it by closing its input, and returns what it printed for the operator.
    pub fn end(mut self) -> Result<String> {
        drop(self.child.stdin.take());
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            std::io::Read::read_to_string(&mut stderr, &mut text)?;
        }
        self.child.wait()?;
        Ok(text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
