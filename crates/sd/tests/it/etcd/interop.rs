use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use towerkit_endpoint::Endpoint;
use towerkit_sd::{Instance, Registrar};
use towerkit_testing::process::Process;

use super::server::Server;
use super::{on_each, quick};
use crate::support::{go_kit, greet, greeter, until, until_addresses, until_true};

#[tokio::test(flavor = "multi_thread")]
async fn what_etcdctl_puts_is_seen_and_called() {
    on_each("what_etcdctl_puts_is_seen_and_called", |server| async move {
        let mut instancer = server.client().service("greeter").instancer();
        for (key, name) in [("a", "hello"), ("b", "goodbye")] {
            let value = format!("http://127.0.0.1:{}/greeting", greeter(name));
            server.ctl(&["put", &format!("/services/greeter/{key}"), &value]);
        }
        until(&mut instancer, "both are there", |state| state.instances().len() == 2).await;
        let greet = greet(instancer);
        let mut said = [greet.invoke(()).await.unwrap(), greet.invoke(()).await.unwrap()];
        said.sort();
        assert_eq!(said, ["goodbye", "hello"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn go_kit_and_we_see_each_other() {
    let test = "go_kit_and_we_see_each_other";
    let Some(program) = go_kit("etcdv3", test) else { return };
    on_each(test, |server| see_each_other(server, program.clone())).await;
    let _ = std::fs::remove_file(program);
}

async fn see_each_other(server: Server, program: PathBuf) {
    let (address, prefix) = (server.address(), "/services/addsvc/");
    let etcd = server.client();
    let mut instancer = etcd.service("addsvc").instancer();
    let theirs = Process::start(Command::new(&program).args(["register", &address, prefix, "10.0.0.9:8081"]));
    let state = until_addresses(&mut instancer, &["10.0.0.9:8081"]).await;
    assert_eq!(state.instances(), [Instance::new("10.0.0.9", 8081)]);

    let watching = Process::start(Command::new(&program).args(["watch", &address, prefix]));
    let registration = etcd.registration("addsvc").plain_value();
    let mut ours = quick(Registrar::new(registration, Instance::new("10.0.0.10", 8081)));
    ours.registered(1).await;
    let last = |expected: &str| {
        let said = watching.said();
        said.lines().rfind(|line| line.starts_with("instances=")) == Some(&format!("instances={expected} error=<nil>"))
    };
    until_true("that it sees both", || last("10.0.0.10:8081,10.0.0.9:8081")).await;
    until_addresses(&mut instancer, &["10.0.0.10:8081", "10.0.0.9:8081"]).await;

    theirs.terminate(Duration::from_secs(10));
    until_addresses(&mut instancer, &["10.0.0.10:8081"]).await;
    until_true("that it sees ours alone", || last("10.0.0.10:8081")).await;
    ours.stop().await;
    until_true("that it sees none", || last("")).await;
}
