//! The servers, each on a port of its own, with the zone `svc.test`.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;

const SOON: Duration = Duration::from_secs(10);

/// A dnsmasq, with records as its options name them.
pub(crate) struct Dnsmasq {
    pub(crate) port: u16,
    pub(crate) process: Process,
}

impl Dnsmasq {
    /// With records of a TTL.
    pub(crate) fn start(test: &str, ttl: u32, records: &[&str]) -> Option<Self> {
        Self::start_at(test, free_port(), ttl, records)
    }

    pub(crate) fn start_at(test: &str, port: u16, ttl: u32, records: &[&str]) -> Option<Self> {
        let mut command = Command::new(tool::find("dnsmasq", test)?);
        command.args([
            "--keep-in-foreground",
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--conf-file=/dev/null",
        ]);
        command.args(["--no-resolv", "--no-hosts", "--user=root", "--pid-file=", "--log-queries", "--log-facility=-"]);
        command.args(["--local=/svc.test/", &format!("--port={port}"), &format!("--local-ttl={ttl}")]).args(records);
        Some(Self { port, process: Process::start(&mut command).listens_on(port, SOON) })
    }

    /// How many questions it was asked so far.
    pub(crate) fn questions(&self) -> usize {
        self.process.said().matches("query[").count()
    }
}

/// A BIND, which says by UDP no more than 512 bytes.
pub(crate) struct Bind {
    pub(crate) port: u16,
    _process: Process,
}

impl Bind {
    pub(crate) fn start(test: &str, ttl: u32, records: &str) -> Option<Self> {
        let program = tool::find("named", test)?;
        let (port, folder) = (free_port(), folder(test));
        fs::write(folder.join("zone"), zone(ttl, records)).unwrap();
        let conf = format!(
            r#"options {{
                directory "{}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none;
                session-keyfile none; recursion no; max-udp-size 512; dnssec-validation no; check-names primary ignore;
            }};
            controls {{ }};
            zone "svc.test" {{ type primary; file "zone"; }};"#,
            folder.display(),
        );
        fs::write(folder.join("named.conf"), conf).unwrap();
        let mut command = Command::new(program);
        let mut process =
            Process::start(command.arg("-g").arg("-c").arg(folder.join("named.conf"))).listens_on(port, SOON);
        process.wait_until_said("all zones loaded", 1, SOON);
        Some(Self { port, _process: process })
    }
}

/// A Knot, whose records are changed while it runs.
pub(crate) struct Knot {
    pub(crate) port: u16,
    control: PathBuf,
    socket: PathBuf,
    _process: Process,
}

impl Knot {
    pub(crate) fn start(test: &str, ttl: u32, records: &str) -> Option<Self> {
        let (program, control) = (tool::find("knotd", test)?, tool::find("knotc", test)?);
        let (port, folder) = (free_port(), folder(test));
        fs::write(folder.join("zone"), zone(ttl, records)).unwrap();
        // The path of a socket must be short.
        let socket = std::env::temp_dir().join(format!("towerkit-knot-{port}.sock"));
        let conf = format!(
            r#"
server:
    rundir: "{folder}"
    listen: 127.0.0.1@{port}
control:
    listen: "{socket}"
database:
    storage: "{folder}"
zone:
  - domain: svc.test
    storage: "{folder}"
    file: zone
    zonefile-sync: -1
    journal-content: none
"#,
            folder = folder.display(),
            socket = socket.display(),
        );
        fs::write(folder.join("knot.conf"), conf).unwrap();
        let mut command = Command::new(program);
        let mut process = Process::start(command.arg("-c").arg(folder.join("knot.conf"))).listens_on(port, SOON);
        process.wait_until_said("[svc.test.] loaded", 1, SOON);
        Some(Self { port, control, socket, _process: process })
    }

    /// Sets records (`NAME TTL TYPE DATA`) and takes away all those of names, in one change.
    pub(crate) fn change(&self, set: &[&str], unset: &[&str]) {
        self.command("zone-begin", "");
        for name in unset {
            self.command("zone-unset", name);
        }
        for record in set {
            self.command("zone-set", record);
        }
        self.command("zone-commit", "");
    }

    fn command(&self, what: &str, arguments: &str) {
        let mut command = Command::new(&self.control);
        command.arg("-s").arg(&self.socket).args([what, "svc.test"]).args(arguments.split_whitespace());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{what} {arguments}: {output:?}");
    }
}

impl Drop for Knot {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

fn zone(ttl: u32, records: &str) -> String {
    let mut zone = format!("$TTL {ttl}\n@ IN SOA ns hostmaster 1 60 60 60 60\n@ IN NS ns\nns IN A 127.0.0.1\n");
    for record in records.lines() {
        writeln!(zone, "{}", record.trim_start()).unwrap();
    }
    zone
}

fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dns").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
