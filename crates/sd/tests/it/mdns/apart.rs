//! What wants a process, or a network, of its own.

use std::env;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use towerkit_sd::mdns::{Interfaces, Mdns};
use towerkit_sd::{Instance, RegistrationState as Standing};
use towerkit_testing::{tool, wait};

use super::{alone, soon, start, there_is_multicast, until_it_is};
use crate::support::until;

const INSIDE: &str = "TOWERKIT_MDNS_INSIDE";

fn inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// Runs the test once more, by a command that is given the program and its arguments.
async fn run_by(mut command: Command, test: &str) {
    command.arg(env::current_exe().unwrap()).args(["--exact", &format!("mdns::apart::{test}"), "--nocapture"]);
    command.env(INSIDE, "1");
    let output = timeout(Duration::from_secs(60), spawn_blocking(move || command.output())).await.unwrap();
    let output = output.unwrap().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    // A name that is wrong would run nothing, and that would be a success.
    let passed = output.status.success() && said.contains("test result: ok. 1 passed");
    assert!(passed, "{}:\n{}", output.status, said.lines().map(|line| format!("| {line}\n")).collect::<String>());
}

/// Runs the test once more, in a network of its own that a script has set up. It is skipped where there are no
/// namespaces to be had.
async fn run_in_a_network(setup: &str, test: &str) {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--pid", "--fork", "--kill-child", "sh", "-c", script]);
        command
    };
    let probe = unshare(setup).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if probe.is_ok_and(|status| status.success()) {
        run_by(unshare(&format!("{setup} && exec \"$0\" \"$@\"")), test).await;
    } else {
        tool::skip(test, "there are no namespaces: they want root, unshare (util-linux) and ip (iproute2)");
    }
}

/// How many threads of mDNS this process has.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "mDNS_daemon").count()
}

async fn until_there_are(expected: usize) {
    wait::until(&format!("there are {expected} threads"), Duration::from_secs(5), || threads() == expected).await;
}

#[tokio::test]
async fn no_thread_is_left_when_the_last_handle_is_gone() {
    let test = "no_thread_is_left_when_the_last_handle_is_gone";
    if !there_is_multicast(test) {
        return;
    }
    // Other tests have threads as well.
    if !inside() {
        return run_by(Command::new("env"), test).await;
    }
    let mdns = alone();
    assert_eq!(threads(), 0);
    let mut instancer = mdns.service("addsvc").unwrap().instancer();
    let (registrar, stopper, mut standing) =
        start(mdns.registration("addsvc").unwrap(), Instance::new("127.0.0.1", 8081));
    soon(standing.wait_for(Standing::is_registered)).await.unwrap();
    until(&mut instancer, "it is there", |state| state.instances().len() == 1).await;
    assert_eq!(threads(), 2);

    let clone = instancer.clone();
    drop(instancer);
    stopper.stop(Duration::from_secs(5));
    soon(registrar).await.unwrap();
    until_there_are(1).await;

    drop(clone);
    until_there_are(0).await;
}

#[tokio::test]
async fn an_interface_that_went_and_came_back_brings_all_back() {
    let test = "an_interface_that_went_and_came_back_brings_all_back";
    if !inside() {
        let setup = "ip link add far0 type veth peer name far1 && ip link set far1 up && \
                     ip addr add 10.99.0.1/24 dev far0 && ip link set far0 up";
        return run_in_a_network(setup, test).await;
    }
    let link = |state: &str| {
        let status = Command::new("ip").args(["link", "set", "far0", state]).status().unwrap();
        assert!(status.success());
    };
    let mdns = Mdns::new(Interfaces::Named(vec!["far0".to_owned()]));
    let mut instancer = mdns.service("addsvc").unwrap().instancer();
    let instance = Instance::new("10.99.0.1", 8081);
    let (_registrar, _stopper, _) = start(mdns.registration("addsvc").unwrap(), instance.clone());
    until(&mut instancer, "it is there", |state| state.instances().len() == 1).await;

    link("down");
    until_it_is(&mut instancer, &[]).await;

    link("up");
    until(&mut instancer, "it is there again", |state| state.instances().len() == 1).await;
}

/// How many datagrams were sent in this network, by all.
fn datagrams() -> u32 {
    let counters = std::fs::read_to_string("/proc/self/net/snmp").unwrap();
    let lines: Vec<Vec<_>> =
        counters.lines().filter(|line| line.starts_with("Udp:")).map(|line| line.split(' ').collect()).collect();
    let column = lines[0].iter().position(|name| *name == "OutDatagrams").unwrap();
    lines[1][column].parse().unwrap()
}

#[tokio::test]
async fn a_segment_is_asked_seldom_when_it_is_quiet_and_when_there_is_none() {
    let test = "a_segment_is_asked_seldom_when_it_is_quiet_and_when_there_is_none";
    if !inside() {
        return run_in_a_network("ip link set lo up", test).await;
    }
    let mut instancer = Mdns::new(Interfaces::Loopback).service("addsvc").unwrap().instancer();
    until_it_is(&mut instancer, &[]).await;
    sleep(Duration::from_millis(4500)).await;
    // At once, after 1 s, after 2 s more, after 4 s more.
    let quiet = datagrams();
    assert!((3..=4).contains(&quiet), "{quiet} datagrams");
    drop(instancer);

    let none = Mdns::new(Interfaces::Named(vec!["nothing0".to_owned()])).service("addsvc").unwrap();
    let mut instancer = none.instancer();
    let mut failures = 0;
    let _ = timeout(Duration::from_secs(4), async {
        loop {
            instancer.changed().await;
            failures += 1;
        }
    })
    .await;
    // With waits of 50 to 100 ms, and so on to 1.6 to 3.2 s.
    assert!((5..=8).contains(&failures), "{failures} failures");
    assert_eq!(datagrams(), quiet);
}
