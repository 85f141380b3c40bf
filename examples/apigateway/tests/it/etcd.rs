//! An etcd of a test's own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use towerkit_testing::process::{Process, free_port};
use towerkit_testing::{tool, wait};

use crate::programs::{Program, SOON, address};

struct Etcd {
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Etcd {
    fn start(test: &str) -> Option<Self> {
        let program = tool::find("etcd", test)?;
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("etcd-{}", std::process::id()));
        let [port, peers] = [free_port(), free_port()];
        let [client, peer] = [port, peers].map(|port| format!("http://{}", address(port)));
        let mut command = Command::new(program);
        command.arg("--data-dir").arg(&folder).args(["--initial-cluster", &format!("default={peer}")]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        let process = Process::start(&mut command).listens_on(port, SOON);
        Some(Self { folder, port, process: Some(process) })
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        drop(self.process.take());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn addsvc_meets_its_gateway_in_etcd() {
    let Some(etcd) = Etcd::start("addsvc_meets_its_gateway_in_etcd") else { return };
    let flag = ["--etcd-addr", &address(etcd.port)];
    let mut gateway = Program::gateway(&flag);
    // A new etcd has no leader for a while, and until it has said something calls wait.
    wait::until_blocking("it is known that there is none", SOON, || {
        gateway.post("/addsvc/sum", r#"{"a":1,"b":2}"#).0 == 503
    });
    let [mut left, mut stopped] = [(); 2].map(|()| Program::addsvc(&[flag[0], flag[1], "--linger", "0"]));
    left.told("addsvc in the registry: registered", 1);
    stopped.told("addsvc in the registry: registered", 1);
    gateway.told("2 instances: ", 1);
    assert_eq!(gateway.post("/addsvc/sum", r#"{"a":1,"b":2}"#), (200, r#"{"v":3}"#.to_owned()));
    assert!(stopped.process.terminate(SOON).success());
    gateway.told("1 instances: 0 came, 1 went", 1);
    assert_eq!(gateway.post("/addsvc/sum", r#"{"a":1,"b":2}"#), (200, r#"{"v":3}"#.to_owned()));
}
