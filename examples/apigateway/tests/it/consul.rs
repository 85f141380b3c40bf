//! An agent of Consul that has all in memory.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

use crate::programs::{address, get};

pub(crate) struct Consul {
    port: u16,
    _process: Process,
}

impl Consul {
    pub(crate) fn start(test: &str) -> Option<Self> {
        let program: PathBuf = tool::find("consul", test)?;
        let [port, server, gossip] = [free_port(), free_port(), free_port()];
        let mut command = Command::new(program);
        command.args(["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-disable-host-node-id"]);
        command.args(["-dns-port", "-1", "-grpc-port", "-1", "-serf-wan-port", "-1", "-log-level", "warn"]);
        command.args(["-http-port", &port.to_string(), "-server-port", &server.to_string()]);
        command.args(["-serf-lan-port", &gossip.to_string()]);
        let limit = Duration::from_secs(30);
        let mut process = Process::start(&mut command).listens_on(port, limit);
        process.wait_for("has a leader, and itself in the catalogue", limit, || {
            get(port, "/v1/catalog/nodes").as_array().is_some_and(|nodes| !nodes.is_empty())
        });
        Some(Self { port, _process: process })
    }

    pub(crate) fn flag(&self) -> [String; 2] {
        ["--consul-addr".to_owned(), address(self.port)]
    }

    /// The healthy instances of a service: their addresses, and what else is known of each.
    pub(crate) fn instances(&self, service: &str) -> Vec<(String, Value)> {
        let entries = get(self.port, &format!("/v1/health/service/{service}?passing"));
        let instance = |entry: &Value| {
            let service = &entry["Service"];
            (format!("{}:{}", service["Address"].as_str().unwrap(), service["Port"]), service["Meta"].clone())
        };
        entries.as_array().unwrap().iter().map(instance).collect()
    }
}
