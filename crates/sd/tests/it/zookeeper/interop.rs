use std::process::Command;
use std::time::Duration;

use towerkit_sd::{Instance, Registrar};
use towerkit_testing::process::Process;

use super::quick;
use super::server::Server;
use crate::support::{go_kit, until_addresses, until_true};

#[tokio::test(flavor = "multi_thread")]
async fn what_kazoo_makes_is_seen_and_what_can_t_be_understood_is_left_out() {
    let test = "what_kazoo_makes_is_seen_and_what_can_t_be_understood_is_left_out";
    let Some(server) = Server::start(test) else { return };
    let mut instancer = server.client().service("addsvc").instancer();
    let held = Process::start(&mut server.kazoo_command(&["hold", "/services/addsvc/n-", "http://10.0.0.9:8081/v1"]));
    let state = until_addresses(&mut instancer, &["10.0.0.9:8081"]).await;
    assert_eq!(state.instances()[0].label("url"), Some("http://10.0.0.9:8081/v1"));

    for (path, data) in [("a", "h:1"), ("b", "{"), ("c", ""), ("d", r#"{"address":"h:2"}"#)] {
        server.kazoo(&["create", &format!("/services/addsvc/{path}"), data]);
    }
    // Below a node there is no instance, and of another service neither.
    server.kazoo(&["create", "/services/addsvc/a/below", "h:3"]);
    server.kazoo(&["create", "/services/addsvc2/a", "h:4"]);
    until_addresses(&mut instancer, &["10.0.0.9:8081", "h:1", "h:2"]).await;
    // What is read at the start is judged alike.
    until_addresses(&mut server.client().service("addsvc").instancer(), &["10.0.0.9:8081", "h:1", "h:2"]).await;
    server.kazoo(&["set", "/services/addsvc/a", "no address"]);
    until_addresses(&mut instancer, &["10.0.0.9:8081", "h:2"]).await;
    assert!(held.terminate(Duration::from_secs(10)).success());
    until_addresses(&mut instancer, &["h:2"]).await;
    server.kazoo(&["delete", "/services"]);
    until_addresses(&mut instancer, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn go_kit_and_we_see_each_other() {
    let test = "go_kit_and_we_see_each_other";
    let Some(program) = go_kit("zk", test) else { return };
    let Some(server) = Server::start(test) else { return };
    let (address, zookeeper) = (server.address(), server.client());
    let mut instancer = zookeeper.service("addsvc").instancer();
    let registering = ["register", &*address, "/services", "addsvc", "10.0.0.9:8081"];
    let theirs = Process::start(Command::new(&program).args(registering));
    until_addresses(&mut instancer, &["10.0.0.9:8081"]).await;

    let watching = Process::start(Command::new(&program).args(["watch", &address, "/services/addsvc"]));
    let registration = zookeeper.registration("addsvc").plain_value();
    let mut ours = quick(Registrar::new(registration, Instance::new("10.0.0.10", 8081)));
    ours.registered(1).await;
    let last = |expected: &str| {
        let said = watching.said();
        said.lines().rfind(|line| line.starts_with("instances=")) == Some(&format!("instances={expected} error=<nil>"))
    };
    until_true("that it sees both", || last("10.0.0.10:8081,10.0.0.9:8081")).await;
    until_addresses(&mut instancer, &["10.0.0.10:8081", "10.0.0.9:8081"]).await;

    assert!(theirs.terminate(Duration::from_secs(10)).success());
    until_addresses(&mut instancer, &["10.0.0.10:8081"]).await;
    until_true("that it sees ours alone", || last("10.0.0.10:8081")).await;
    ours.stop().await;
    until_true("that it sees none", || last("")).await;
    let _ = std::fs::remove_file(program);
}
