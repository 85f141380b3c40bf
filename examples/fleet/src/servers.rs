//! The registry, and the instances of `addsvc`: each a process, on ports of its own that it keeps when it is started again.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use towerkit_sd::Instance;
use towerkit_testing::process::{Process, free_port};

use crate::SOON;

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Consul.
    pub consul: PathBuf,
    /// The service.
    pub addsvc: PathBuf,
}

/// How many instances there are.
pub const REPLICAS: usize = 3;

/// All that run.
#[derive(Debug)]
pub struct Servers {
    /// The registry.
    pub consul: Consul,
    /// The instances.
    pub replicas: [Replica; REPLICAS],
}

impl Servers {
    /// Starts them, and waits until they listen.
    #[must_use]
    pub fn start(programs: &Programs) -> Self {
        let consul = Consul::start(programs);
        let replicas = std::array::from_fn(|_| Replica::start(programs, &consul));
        Self { consul, replicas }
    }
}

/// An agent of Consul that has all in memory: started again it has forgotten everything.
#[derive(Debug)]
pub struct Consul {
    ports: [u16; 3],
    process: Option<Process>,
}

impl Consul {
    /// Starts it, and waits until it answers.
    #[must_use]
    pub fn start(programs: &Programs) -> Self {
        let mut consul = Self { ports: std::array::from_fn(|_| free_port()), process: None };
        consul.start_again(programs);
        consul
    }

    /// Starts it at the same ports.
    pub fn start_again(&mut self, programs: &Programs) {
        let [port, server, gossip] = self.ports;
        let mut command = Command::new(&programs.consul);
        command.args(["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-disable-host-node-id"]);
        command.args(["-dns-port", "-1", "-grpc-port", "-1", "-serf-wan-port", "-1", "-log-level", "warn"]);
        command.args(["-http-port", &port.to_string(), "-server-port", &server.to_string()]);
        command.args(["-serf-lan-port", &gossip.to_string()]);
        let mut process = Process::start(&mut command);
        process.wait_for("has itself in its catalogue", SOON, || count(port, "/v1/catalog/nodes") > 0);
        self.process = Some(process);
    }

    /// Kills it, and all it knows.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// How many healthy instances it knows.
    #[must_use]
    pub fn healthy(&self) -> usize {
        count(self.ports[0], &format!("/v1/health/service/{}?passing", addsvc::registry::NAME))
    }

    /// Where it is asked.
    #[must_use]
    pub fn address(&self) -> Instance {
        Instance::new("127.0.0.1", self.ports[0])
    }
}

/// How many Consul lists; none where it does not answer.
fn count(port: u16, path: &str) -> usize {
    let list = || -> Option<Vec<Value>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        // By HTTP/1.0 nothing comes in chunks.
        stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: consul\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    };
    list().map_or(0, |list| list.len())
}

/// An instance of `addsvc`, which registers itself.
#[derive(Debug)]
pub struct Replica {
    ports: [u16; 4],
    consul: Instance,
    process: Option<Process>,
}

impl Replica {
    /// Starts it, and waits until it listens.
    #[must_use]
    pub fn start(programs: &Programs, consul: &Consul) -> Self {
        let ports = std::array::from_fn(|_| free_port());
        let mut replica = Self { ports, consul: consul.address(), process: None };
        replica.start_again(programs);
        replica
    }

    /// Starts it at the same ports.
    pub fn start_again(&mut self, programs: &Programs) {
        let mut command = Command::new(&programs.addsvc);
        for (flag, port) in ["--grpc-addr", "--http-addr", "--jsonrpc-addr", "--debug-addr"].iter().zip(self.ports) {
            command.args([*flag, &format!("127.0.0.1:{port}")]);
        }
        command.args(["--consul-addr", self.consul.address()]);
        self.process = Some(Process::start(&mut command).listens_on(self.ports[0], SOON));
    }

    /// Kills it: it says good-bye to nobody.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Has it hang: its connections stay open, and nothing is answered.
    pub fn stop(&self) {
        self.process.iter().for_each(|process| process.signal("STOP"));
    }

    /// Has it go on.
    pub fn go_on(&self) {
        self.process.iter().for_each(|process| process.signal("CONT"));
    }

    /// Asks it to end, and waits for that: whether it ended well.
    pub fn terminate(&mut self) -> bool {
        self.process.take().is_none_or(|process| process.terminate(SOON).success())
    }
}
