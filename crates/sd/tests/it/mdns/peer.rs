//! python-zeroconf on the loopback interface.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use towerkit_testing::process::Process;
use towerkit_testing::tool;

const SOON: Duration = Duration::from_secs(15);

pub(crate) struct Peer {
    python: PathBuf,
}

impl Peer {
    pub(crate) fn find(test: &str) -> Option<Self> {
        Some(Self { python: tool::find("python_zeroconf", test)? })
    }

    /// A peer that has registered a service instance at 127.0.0.1, with a TTL in seconds for the record of its port.
    /// Killed, it says no goodbye.
    pub(crate) async fn register(&self, kind: &str, name: &str, port: u16, ttl: u32, pairs: &[&str]) -> Process {
        let mut arguments = vec!["register", kind, name];
        let (port, ttl) = (port.to_string(), ttl.to_string());
        arguments.extend([port.as_str(), ttl.as_str()]);
        arguments.extend(pairs);
        let peer = self.start(&arguments);
        says(&peer, "registered").await;
        peer
    }

    /// A peer that says what it sees.
    pub(crate) fn browse(&self, kind: &str) -> Process {
        self.start(&["browse", kind])
    }

    fn start(&self, arguments: &[&str]) -> Process {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mdns/peer.py");
        Process::start(Command::new(&self.python).arg(script).args(arguments))
    }
}

/// Waits until it has said a line that begins so, and returns the line.
pub(crate) async fn says(peer: &Process, beginning: &str) -> String {
    let start = std::time::Instant::now();
    loop {
        if let Some(line) = peer.said().lines().find(|line| line.starts_with(beginning)) {
            return line.to_owned();
        }
        assert!(start.elapsed() < SOON, "it did not say `{beginning}`, but:\n{}", peer.said());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
