//! runningsum as a process on a port of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use towerkit_transport_grpc::{PoolChannel, Remote};
use towerkit_transport_http::Pool;

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Runningsum {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Runningsum {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_runningsum"))
            .args(["--grpc-addr", "127.0.0.1:0"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.split([' ', ';']).find_map(|word| word.parse().ok()).unwrap();
        Self { child, address }
    }

    pub(crate) fn remote(&self) -> Remote<PoolChannel> {
        remote(self.address)
    }

    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for the end; what it printed for operators comes with it.
    pub(crate) fn ended(&mut self, within: Duration) -> (ExitStatus, String) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut text = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
                return (status, text);
            }
            assert!(start.elapsed() < within, "runningsum still runs after {within:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn cli(&self) -> Command {
        cli(self.address)
    }
}

impl Drop for Runningsum {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
