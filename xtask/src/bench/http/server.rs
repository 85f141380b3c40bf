//! The servers that are compared: one program, `crates/transport-http/examples/bench_http.rs`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::bench::process::Process;
use crate::workspace;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Hyper,
    Json,
    Stack,
    Production,
    ProductionLog,
    Router,
    Axum,
    AxumStack,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Hyper,
        Self::Json,
        Self::Stack,
        Self::Production,
        Self::ProductionLog,
        Self::Router,
        Self::Axum,
        Self::AxumStack,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper by hand",
            Self::Json => "Server::json",
            Self::Stack => "Server::json, stack",
            Self::Production => "Server::json, production, no log line",
            Self::ProductionLog => "Server::json, production, a log line",
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
            Self::Production => "production",
            Self::ProductionLog => "production-log",
            Self::Router => "router",
            Self::Axum => "axum",
            Self::AxumStack => "axum-stack",
        }
    }
}

pub fn build() -> Result<()> {
    workspace::build_example("towerkit-transport-http", "bench_http")
}

fn program() -> PathBuf {
    workspace::example("bench_http")
}

/// The reverse proxy in front of another.
pub fn proxy(backend: SocketAddr) -> Result<Process> {
    Process::listen(Command::new(program()).args(["proxy", &backend.to_string()]), "proxy")
}

pub fn start(kind: Kind, under_callgrind: bool) -> Result<Process> {
    let program = program();
    let mut command = if under_callgrind {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
        valgrind
    } else {
        Command::new(program)
    };
    command.stderr(if under_callgrind { Stdio::piped() } else { Stdio::inherit() });
    Process::listen(command.arg(kind.argument()), kind.argument())
}
