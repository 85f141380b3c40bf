//! A collector of another make, which prints every span.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

pub(crate) struct Rotel {
    grpc: u16,
    http: u16,
    agent: PathBuf,
    process: Option<Process>,
}

const LONG: Duration = Duration::from_secs(20);

impl Rotel {
    /// None where it is not there.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let python = tool::find("python_rotel", test)?;
        // Its program is a file of its package.
        let script = "import rotel, pathlib; print(pathlib.Path(rotel.__file__).parent / 'rotel-agent')";
        let told = Command::new(python).args(["-c", script]).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let agent = PathBuf::from(String::from_utf8(told.stdout).unwrap().trim());
        let mut rotel = Self { grpc: free_port(), http: free_port(), agent, process: None };
        rotel.again();
        Some(rotel)
    }

    /// Starts it at the ports it had.
    pub(crate) fn again(&mut self) {
        let mut agent = Command::new(&self.agent);
        agent
            .args(["start", "--exporter", "blackhole", "--debug-log", "traces", "--debug-log-verbosity", "detailed"])
            .arg(format!("--otlp-grpc-endpoint=127.0.0.1:{}", self.grpc))
            .arg(format!("--otlp-http-endpoint=127.0.0.1:{}", self.http));
        let process = Process::start(&mut agent).listens_on(self.grpc, LONG).listens_on(self.http, LONG);
        self.process = Some(process);
    }

    pub(crate) fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    pub(crate) fn signal(&self, signal: &str) {
        self.process.as_ref().unwrap().signal(signal);
    }

    pub(crate) fn grpc(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc)
    }

    pub(crate) fn http(&self) -> String {
        format!("http://127.0.0.1:{}/v1/traces", self.http)
    }

    /// Waits until it has printed a text.
    pub(crate) fn wait_until_printed(&mut self, text: &str) {
        self.process.as_mut().unwrap().wait_until_said(text, 1, LONG);
    }
}
