//! The Python client.

use std::path::PathBuf;
use std::process::Command;

use towerkit_testing::process::Process;
use towerkit_testing::tool;

/// Prints an application as the client sees it: id, address, status, metadata.
const LOOK: &str = r#"
import asyncio, sys
from py_eureka_client import eureka_basic
applications = asyncio.run(eureka_basic.get_applications(sys.argv[1]))
application = applications.get_application(sys.argv[2])
for one in application.instances if application else []:
    print(one.instanceId, f"{one.ipAddr}:{one.port.port}", one.status, sorted(one.metadata.items()))
"#;

/// A service that says its name to whoever connects, and is registered while it runs.
const SERVE: &str = r#"
import socket, sys
import py_eureka_client.eureka_client as eureka
listener = socket.create_server(("127.0.0.1", 0))
eureka.init(eureka_server=sys.argv[1], app_name=sys.argv[2], instance_ip="127.0.0.1", instance_host="127.0.0.1",
            instance_port=listener.getsockname()[1], renewal_interval_in_secs=1, duration_in_secs=2,
            metadata={"zone": "z1", "team": "snakes"})
while True:
    connection, _ = listener.accept()
    connection.sendall(b"python")
    connection.close()
"#;

pub(super) struct Peer {
    python: PathBuf,
    url: String,
}

impl Peer {
    /// One that knows the server at a port.
    pub(super) fn find(port: u16, test: &str) -> Option<Self> {
        Some(Self { python: tool::find("python_eureka", test)?, url: format!("http://127.0.0.1:{port}/eureka/") })
    }

    /// What it sees of an application: a line for each instance.
    pub(super) fn look(&self, name: &str) -> String {
        let output = self.command(LOOK, name).output().expect("python runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Registers an instance, and keeps it registered until it is dropped.
    pub(super) fn serve(&self, name: &str) -> Process {
        Process::start(&mut self.command(SERVE, name))
    }

    fn command(&self, script: &str, name: &str) -> Command {
        let mut python = Command::new(&self.python);
        python.arg("-c").arg(script).arg(&self.url).arg(name);
        python
    }
}
