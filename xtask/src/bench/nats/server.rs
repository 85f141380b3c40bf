//! What is compared: `crates/transport-nats/examples/bench_nats.rs` and Go kit's subscriber, each with one thread and with a NATS server of its own,
//! since they serve the same subject.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use towerkit_testing::process::{self, free_port};

use crate::bench::process::Process;
use crate::test::tools;
use crate::workspace;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Ours,
    Spawn,
    GoKit,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Ours, Self::Spawn, Self::GoKit];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "async-nats inline",
            Self::Ours => "Server::json",
            Self::Spawn => "async-nats, a task a message",
            Self::GoKit => "Go kit's Subscriber",
        }
    }
}

/// A process that serves, and the NATS server that it does so by.
pub struct Serving {
    pub process: Process,
    _nats: process::Process,
}

impl Serving {
    /// None for Go kit's where it is not here.
    pub fn start(kind: Kind, nats: &Path, go_kit: Option<&Path>) -> Result<Option<Self>> {
        let port = free_port();
        let url = url(port);
        let mut server = match kind {
            Kind::Plain | Kind::Ours | Kind::Spawn => Command::new(workspace::example("bench_nats")),
            Kind::GoKit => {
                let Some(program) = go_kit else { return Ok(None) };
                Command::new(program)
            }
        };
        match kind {
            Kind::Plain => server.args(["plain", &url]),
            Kind::Ours => server.args(["ours", &url]),
            Kind::Spawn => server.args(["spawn", &url]),
            Kind::GoKit => server.env("GOMAXPROCS", "1").args(["serve", &url, "add.sum"]),
        };
        let mut command = Command::new(nats);
        let nats = process::Process::start(command.args(["-a", "127.0.0.1", "-p", &port.to_string()]));
        let nats = nats.listens_on(port, Duration::from_secs(10));

        let mut child = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context(kind.name())?;
        let output = child.stdout.take().context("no output")?;
        // From here on it is stopped whatever happens.
        let process = Process::foreign(child, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line.trim() == "ready", "{} said {line:?}", kind.name());
        Ok(Some(Self { process, _nats: nats }))
    }

    pub fn url(&self) -> String {
        url(self.process.address.port())
    }
}

fn url(port: u16) -> String {
    format!("nats://127.0.0.1:{port}")
}

/// The NATS server: the current one, where it is to be had.
pub fn nats() -> Result<PathBuf> {
    tools::provision_one("nats-server-current")
        .or_else(|| tools::provision_one("nats-server"))
        .context("there is no nats-server")
}

/// Go kit's subscriber, where there is a Go toolchain that has built it.
pub fn go_kit() -> Option<PathBuf> {
    let program = tools::provision_one("gokit_nats");
    if program.is_none() {
        println!("SKIPPED: Go kit: it could not be built");
    }
    program
}

pub fn build() -> Result<()> {
    workspace::build_example("towerkit-transport-nats", "bench_nats")?;
    workspace::build_example("towerkit-transport-nats", "bench_nats_load")
}
