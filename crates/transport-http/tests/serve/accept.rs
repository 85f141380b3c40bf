//! A process that is out of file descriptors goes on serving, and waits rather than spins.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::raw::Raw;
use crate::site::Site;

const CHILD: &str = "TOWERKIT_TEST_FEW_DESCRIPTORS";

#[tokio::test]
async fn a_server_out_of_descriptors_waits_and_then_goes_on() {
    if std::env::var_os(CHILD).is_some() {
        return child().await;
    }
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n 40; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["--exact", "accept::a_server_out_of_descriptors_waits_and_then_goes_on", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let address = loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child ended");
        if let Some((_, address)) = line.split_once("listens on ") {
            break address.trim().parse().unwrap();
        }
    };
    // More than it has descriptors for; what it has not accepted waits in the kernel's queue.
    let mut clients = Vec::new();
    for _ in 0..60 {
        clients.push(Raw::connect(address).await);
    }
    let mut last = clients.pop().unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    drop(clients);
    assert_eq!(last.get("/").await.status, 200);
    drop(child.stdin.take());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    let failures: usize = rest.split("failures: ").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    // 5, 10, 20 … ms: some eight in 700 ms, and as many again wherever the pauses began anew; one that spins fails by the
    // ten thousand.
    assert!((1..1000).contains(&failures), "{failures} failures");
}

async fn child() {
    let site = Site::start().await;
    println!("listens on {}", site.address);
    // Until the parent closes it.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    println!("failures: {} ", site.events.count(|event| event.to_string().starts_with("can't accept")));
}
