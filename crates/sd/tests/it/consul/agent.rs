//! A server of Consul that is its own agent, and `consul`, the client that comes with it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use towerkit_sd::consul::Consul;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

use crate::toxiproxy::{ask, exchange};

pub(crate) struct Agent {
    program: PathBuf,
    folder: PathBuf,
    keeps_data: bool,
    http: u16,
    others: [u16; 2],
    token: Option<&'static str>,
    process: Option<Process>,
}

/// The token that may do everything.
pub(crate) const ROOT: &str = "11111111-1111-1111-1111-111111111111";

impl Agent {
    /// One that has all in memory: restarted it is empty.
    pub(crate) fn start(test: &str) -> Option<Self> {
        Self::new(test, false, "")
    }

    /// One that has its data in a folder.
    pub(crate) fn with_data(test: &str) -> Option<Self> {
        Self::new(test, true, "")
    }

    /// One where nothing may be done without a token.
    pub(crate) fn with_rights(test: &str) -> Option<Self> {
        let acl =
            r#"acl { enabled = true default_policy = "deny" tokens { initial_management = "ROOT" agent = "ROOT" } }"#;
        let mut agent = Self::prepare(test, false, &acl.replace("ROOT", ROOT))?;
        agent.token = Some(ROOT);
        agent.restart();
        Some(agent)
    }

    fn new(test: &str, keeps_data: bool, settings: &str) -> Option<Self> {
        let mut agent = Self::prepare(test, keeps_data, settings)?;
        agent.restart();
        Some(agent)
    }

    fn prepare(test: &str, keeps_data: bool, settings: &str) -> Option<Self> {
        let program = tool::find("consul", test)?;
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("consul-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("settings.hcl"), format!("performance {{ raft_multiplier = 1 }}\n{settings}\n"))
            .expect("its file");
        Some(Self {
            program,
            folder,
            keeps_data,
            http: free_port(),
            others: [free_port(), free_port()],
            token: None,
            process: None,
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.http
    }

    pub(crate) fn stop(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    /// Starts it, on the same ports each time, and waits until it serves.
    pub(crate) fn restart(&mut self) {
        let [server, gossip] = self.others.map(|port| port.to_string());
        let mut command = Command::new(&self.program);
        command.args(["agent", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-node", "here", "-disable-host-node-id"]);
        command.args(["-dns-port", "-1", "-grpc-port", "-1", "-serf-wan-port", "-1", "-log-level", "warn"]);
        command.args(["-http-port", &self.http.to_string(), "-server-port", &server, "-serf-lan-port", &gossip]);
        command.arg("-config-file").arg(self.folder.join("settings.hcl"));
        if self.keeps_data {
            command.args(["-server", "-bootstrap-expect", "1", "-data-dir"]).arg(self.folder.join("data"));
        } else {
            command.arg("-dev");
        }
        let limit = Duration::from_secs(20);
        let mut process = Process::start(&mut command).listens_on(self.http, limit);
        process.wait_for("has a leader, and itself in the catalogue", limit, || {
            let nodes =
                exchange(self.http, "GET", &format!("/v1/catalog/nodes?token={}", self.token.unwrap_or_default()), "");
            nodes.is_ok_and(|nodes| nodes.contains(r#""Node": "here""#) || nodes.contains(r#""Node":"here""#))
        });
        self.process = Some(process);
    }

    /// Through the client under test.
    pub(crate) fn client(&self) -> Consul {
        client_at(self.port())
    }

    /// Runs `consul` with these arguments; what it prints.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("CONSUL_HTTP_ADDR", format!("http://127.0.0.1:{}", self.http));
        if let Some(token) = self.token {
            command.env("CONSUL_HTTP_TOKEN", token);
        }
        let output = command.output().expect("consul runs");
        assert!(output.status.success(), "consul {arguments:?} fails: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Registers an instance with `consul`.
    pub(crate) fn add(&self, id: &str, port: u16, more: &[&str]) {
        let (id, port) = (format!("-id={id}"), format!("-port={port}"));
        self.cli(&[&["services", "register", "-name=addsvc", "-address=127.0.0.1", &id, &port], more].concat());
    }

    /// Takes out an instance with `consul`.
    pub(crate) fn remove(&self, id: &str) {
        self.cli(&["services", "deregister", &format!("-id={id}")]);
    }

    /// Whether Consul's catalogue has the service.
    pub(crate) fn knows(&self, service: &str) -> bool {
        self.cli(&["catalog", "services"]).lines().any(|line| line == service)
    }

    /// Asks the API beside the client under test.
    pub(crate) fn api(&self, method: &str, path: &str, body: &str) -> String {
        ask(self.http, method, path, body)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.process.take());
        // What is left of it is in the way of nothing.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn client_at(port: u16) -> Consul {
    Consul::new(&format!("http://127.0.0.1:{port}")).expect("a URL")
}
