//! The servers that are compared: `crates/transport-grpc/examples/bench_grpc.rs`, and `server.go`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::bench::process::Process;
use crate::test::tools;
use crate::workspace;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tonic,
    Hyper,
    Adapter,
    Routes,
    Stack,
    Go,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::Tonic, Self::Hyper, Self::Adapter, Self::Routes, Self::Stack, Self::Go];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Tonic => "tonic",
            Self::Hyper => "hyper by hand",
            Self::Adapter => "Server in a generated service",
            Self::Routes => "Server in Routes",
            Self::Stack => "Server in Routes, stack",
            Self::Go => "grpc-go",
        }
    }

    const fn argument(self) -> &'static str {
        match self {
            Self::Tonic => "tonic",
            Self::Hyper => "hyper",
            Self::Adapter => "adapter",
            Self::Routes => "routes",
            Self::Stack => "stack",
            Self::Go => "go",
        }
    }
}

pub fn build() -> Result<()> {
    workspace::build_example("towerkit-transport-grpc", "bench_grpc")
}

pub fn program() -> PathBuf {
    workspace::example("bench_grpc")
}

/// The version of grpc-go.
const GRPC_GO: &str = "google.golang.org/grpc@v1.83.1";

/// Whether there is a Go toolchain, and the server could be built by it.
pub fn build_go() -> bool {
    if tools::find("go").is_none() {
        println!("SKIPPED: grpc-go: there is no Go toolchain");
        return false;
    }
    let folder = workspace::target().join("bench-grpc-go");
    let go = |args: &[&str]| {
        Command::new("go").current_dir(&folder).args(args).status().is_ok_and(|status| status.success())
    };
    let built = std::fs::create_dir_all(&folder).is_ok()
        && std::fs::write(folder.join("main.go"), include_str!("server.go")).is_ok()
        && (folder.join("go.mod").is_file() || go(&["mod", "init", "bench"]))
        && go(&["get", GRPC_GO])
        && go(&["build", "-o", "server", "."]);
    if !built {
        println!("SKIPPED: grpc-go: it could not be built");
    }
    built
}

pub fn start(kind: Kind) -> Result<Process> {
    match kind {
        Kind::Go => {
            let mut server = Command::new(workspace::target().join("bench-grpc-go/server"));
            Process::listen(server.env("GOMAXPROCS", "1"), kind.name())
        }
        kind => Process::listen(Command::new(program()).arg(kind.argument()), kind.name()),
    }
}
