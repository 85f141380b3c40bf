//! An etcd of a test's own, and etcd's own client.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use towerkit_sd::RegistryBackoff;
use towerkit_sd::etcd::Etcd;
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

/// Debian's, and the newest there is.
pub(crate) const VERSIONS: [&str; 2] = ["etcd", "etcd_newest"];
pub(crate) const NEWEST: &str = VERSIONS[1];

pub(crate) struct Server {
    program: PathBuf,
    etcdctl: PathBuf,
    folder: PathBuf,
    name: String,
    port: u16,
    peer_port: u16,
    /// The `--initial-cluster` it is of.
    cluster: String,
    extra: Vec<String>,
    tls: Option<Certificates>,
    process: Option<Process>,
}

/// A folder that has `ca.pem`, `server.pem` and `server.key`.
#[derive(Clone)]
pub(crate) struct Certificates(pub(crate) PathBuf);

impl Server {
    /// One alone; none where a tool is not there, and the test is to return.
    pub(crate) fn start(version: &str, test: &str) -> Option<Self> {
        Self::start_with(version, test, &[])
    }

    pub(crate) fn start_with(version: &str, test: &str, extra: &[&str]) -> Option<Self> {
        let mut server = Self::stopped(version, test)?;
        server.extra = extra.iter().map(|&one| one.to_owned()).collect();
        server.run();
        Some(server)
    }

    pub(crate) fn start_tls(version: &str, test: &str, certificates: &Certificates) -> Option<Self> {
        let mut server = Self::stopped(version, test)?;
        let file = |name| certificates.0.join(name).display().to_string();
        server.extra =
            ["--cert-file", &file("server.pem"), "--key-file", &file("server.key")].map(str::to_owned).to_vec();
        server.tls = Some(certificates.clone());
        server.run();
        Some(server)
    }

    /// So many, that are one cluster.
    pub(crate) fn cluster(version: &str, test: &str, members: usize) -> Option<Vec<Self>> {
        let mut servers = (0..members).map(|_| Self::stopped(version, test)).collect::<Option<Vec<_>>>()?;
        let all: Vec<_> = servers.iter().map(|one| one.cluster.clone()).collect();
        for server in &mut servers {
            server.cluster = all.join(",");
            server.spawn();
        }
        for server in &mut servers {
            server.wait();
        }
        Some(servers)
    }

    fn stopped(version: &str, test: &str) -> Option<Self> {
        static SERVERS: AtomicU32 = AtomicU32::new(0);
        let (program, etcdctl) = (tool::find(version, test)?, tool::find("etcdctl", test)?);
        let name = format!("{}-{}", std::process::id(), SERVERS.fetch_add(1, Ordering::Relaxed));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("etcd").join(&name);
        let (port, peer_port) = (free_port(), free_port());
        let cluster = format!("{name}=http://127.0.0.1:{peer_port}");
        let (extra, tls, process) = (Vec::new(), None, None);
        Some(Self { program, etcdctl, folder, name, port, peer_port, cluster, extra, tls, process })
    }

    /// Starts it, where it was stopped.
    pub(crate) fn run(&mut self) {
        self.spawn();
        self.wait();
    }

    fn spawn(&mut self) {
        let client = format!("{}://127.0.0.1:{}", if self.tls.is_some() { "https" } else { "http" }, self.port);
        let peer = format!("http://127.0.0.1:{}", self.peer_port);
        let mut command = Command::new(&self.program);
        command.arg("--data-dir").arg(&self.folder).args(["--name", &self.name]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &self.cluster]);
        command.args(["--logger", "zap"]);
        if !self.cluster.contains(',') {
            // So that a lease may be of one second: it is no shorter than one and a half elections.
            command.args(["--heartbeat-interval", "50", "--election-timeout", "250"]);
        }
        self.process = Some(Process::start(command.args(&self.extra)));
    }

    fn wait(&mut self) {
        let process = self.process.take().expect("it was started");
        let mut process = process.listens_on(self.port, Duration::from_secs(20));
        process.wait_for("is healthy", Duration::from_secs(20), || match &self.tls {
            Some(_) => self.try_ctl(&["endpoint", "health"]).is_ok(),
            None => self.get("/health").contains("true"),
        });
        self.process = Some(process);
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn empty(&self) {
        fs::remove_dir_all(&self.folder).expect("its data is there");
    }

    pub(crate) fn signal(&self, signal: &str) {
        self.process.as_ref().expect("it runs").signal(signal);
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn client(&self) -> Etcd {
        client_of([self.address()])
    }

    /// What etcd's own client says.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> String {
        self.try_ctl(arguments).unwrap_or_else(|said| panic!("etcdctl {arguments:?}: {said}"))
    }

    pub(crate) fn try_ctl(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.etcdctl);
        command.env("ETCDCTL_API", "3").args(["--endpoints", &self.address()]);
        if let Some(Certificates(folder)) = &self.tls {
            command.arg("--cacert").arg(folder.join("ca.pem"));
        }
        let output = command.args(arguments).output().expect("etcdctl runs");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// The values below a prefix.
    pub(crate) fn values(&self, prefix: &str) -> Vec<String> {
        self.ctl(&["get", "--prefix", prefix, "--print-value-only"]).lines().map(str::to_owned).collect()
    }

    /// The leases there are, as etcdctl writes them.
    pub(crate) fn leases(&self) -> Vec<String> {
        self.ctl(&["lease", "list"]).lines().skip(1).map(str::to_owned).collect()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("it listens");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").expect("it reads");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("it answers");
        page
    }

    /// How many calls have begun, but for those of etcdctl's that are asked for here: by method.
    pub(crate) fn calls(&self) -> Calls {
        Calls(self.metrics("grpc_server_started_total").into_iter().filter(|(_, count)| *count > 0).collect())
    }

    /// The values of a metric, by its labels.
    pub(crate) fn metrics(&self, name: &str) -> Vec<(String, u64)> {
        let page = self.get("/metrics");
        let samples = page.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
        samples.map(|(labels, value)| (labels.to_owned(), value.parse::<f64>().unwrap_or_default() as u64)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) struct Calls(Vec<(String, u64)>);

impl Calls {
    pub(crate) fn since(&self, before: &Self) -> u64 {
        let sum = |calls: &Self| calls.0.iter().map(|(_, count)| count).sum::<u64>();
        sum(self) - sum(before)
    }

    /// All of them, for a message.
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|(labels, count)| format!("{count} {labels}\n")).collect()
    }
}

/// With limits that a test can wait for.
pub(crate) fn client_of(members: impl IntoIterator<Item = String>) -> Etcd {
    Etcd::new(members)
        .expect("they are addresses")
        .connect_timeout(Duration::from_secs(1))
        .request_timeout(Duration::from_secs(1))
        .check_interval(Duration::from_secs(1))
        .backoff(RegistryBackoff::new(Duration::from_millis(20)).max(Duration::from_millis(500)))
}
