//! runningsum as a process on a port of its own.

use std::net::SocketAddr;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use towerkit_testing::process::Process;
use towerkit_transport_grpc::{PoolChannel, Remote};
use towerkit_transport_http::Pool;

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Runningsum {
    process: Process,
    /// How much it has printed before it was called.
    hello: usize,
    pub(crate) address: SocketAddr,
}

impl Runningsum {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runningsum"));
        let mut process = Process::start(command.args(["--grpc-addr", "127.0.0.1:0"]).args(flags));
        process.wait_until_said("runningsum.RunningSum/Sum\n", 1, LONG);
        let said = process.said();
        let address = said.split([' ', ';']).find_map(|word| word.parse().ok()).unwrap();
        Self { process, hello: said.len(), address }
    }

    pub(crate) fn remote(&self) -> Remote<PoolChannel> {
        remote(self.address)
    }

    pub(crate) fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// Waits for the end; what it printed since it was started comes with it.
    pub(crate) fn ended(&mut self, within: Duration) -> (ExitStatus, String) {
        let (status, said) = self.process.ended(within);
        (status, said[self.hello..].to_owned())
    }

    pub(crate) fn cli(&self) -> Command {
        cli(self.address)
    }
}

pub(crate) fn remote(address: SocketAddr) -> Remote<PoolChannel> {
    Remote::new(&Pool::builder().http2().build(), &format!("http://{address}")).unwrap()
}

pub(crate) fn cli(address: SocketAddr) -> Command {
    let mut cli = Command::new(env!("CARGO_BIN_EXE_runningsumcli"));
    cli.args(["--grpc-addr", &address.to_string()]);
    cli
}
