//! A ZooKeeper of a test's own, and kazoo, a client of another make.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use towerkit_sd::RegistryBackoff;
use towerkit_sd::zookeeper::ZooKeeper;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

pub(crate) struct Server {
    java: PathBuf,
    jar: PathBuf,
    python: PathBuf,
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Server {
    /// None where a tool is not there, and the test is to return.
    pub(crate) fn start(test: &str) -> Option<Self> {
        static SERVERS: AtomicU32 = AtomicU32::new(0);
        let java = tool::find("javac", test)?.with_file_name("java");
        let (jar, python) = (tool::find("zookeeper", test)?, tool::find("python_kazoo", test)?);
        let name = format!("{}-{}", std::process::id(), SERVERS.fetch_add(1, Ordering::Relaxed));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("zookeeper").join(name);
        let mut server = Self { java, jar, python, folder, port: free_port(), process: None };
        server.run();
        Some(server)
    }

    /// Starts it, where it was stopped.
    pub(crate) fn run(&mut self) {
        let data = self.folder.join("data");
        fs::create_dir_all(&data).expect("a folder");
        let config = self.folder.join("zoo.cfg");
        let lines = [
            // A session lasts no less than two ticks.
            "tickTime=500".to_owned(),
            format!("dataDir={}", data.display()),
            format!("clientPort={}", self.port),
            "clientPortAddress=127.0.0.1".to_owned(),
            "admin.enableServer=false".to_owned(),
            "4lw.commands.whitelist=*".to_owned(),
            "maxClientCnxns=0".to_owned(),
        ];
        fs::write(&config, lines.join("\n")).expect("it is written");
        let mut command = Command::new(&self.java);
        command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-cp"]).arg(&self.jar);
        command.arg("org.apache.zookeeper.server.quorum.QuorumPeerMain").arg(config);
        let mut process = Process::start(&mut command).listens_on(self.port, Duration::from_secs(20));
        process.wait_for("serves", Duration::from_secs(20), || self.ask("srvr").contains("Mode:"));
        self.process = Some(process);
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn empty(&self) {
        fs::remove_dir_all(&self.folder).expect("its data is there");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn client(&self) -> ZooKeeper {
        client_of([self.address()])
    }

    /// What kazoo says.
    pub(crate) fn kazoo(&self, arguments: &[&str]) -> String {
        let output = self.kazoo_command(arguments).output().expect("python runs");
        assert!(output.status.success(), "kazoo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn kazoo_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/zookeeper/ask.py"));
        command.arg(self.address()).args(arguments);
        command
    }

    /// The data of the nodes below a path, as kazoo finds them.
    pub(crate) fn data(&self, path: &str) -> Vec<String> {
        self.kazoo(&["list", path]).lines().map(str::to_owned).collect()
    }

    /// The answer to one of the server's commands of four letters.
    pub(crate) fn ask(&self, command: &str) -> String {
        let mut answer = String::new();
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return answer };
        // Asked while it starts, it may never answer.
        let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
        let _ = stream.write_all(command.as_bytes()).and_then(|()| stream.read_to_string(&mut answer).map(drop));
        answer
    }

    /// How many packets it has received. Pings are among them.
    pub(crate) fn packets(&self) -> u64 {
        self.monitored("zk_packets_received")
    }

    pub(crate) fn connections(&self) -> u64 {
        // The one that asks is one of them.
        self.monitored("zk_num_alive_connections").saturating_sub(1)
    }

    pub(crate) fn monitored(&self, name: &str) -> u64 {
        let page = self.ask("mntr");
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("{name} is in {page}")) as u64
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// With limits that a test can wait for.
pub(crate) fn client_of(servers: impl IntoIterator<Item = String>) -> ZooKeeper {
    ZooKeeper::new(servers)
        .expect("they are addresses")
        .session_timeout(Duration::from_secs(1))
        .connect_timeout(Duration::from_secs(1))
        .request_timeout(Duration::from_secs(1))
        .check_interval(Duration::from_secs(1))
        .backoff(RegistryBackoff::new(Duration::from_millis(20)).max(Duration::from_millis(500)))
}
