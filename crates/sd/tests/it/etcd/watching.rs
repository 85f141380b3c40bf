use std::time::Duration;

use etcd_client::{Client, Txn, TxnOp};

use super::on_each;
use super::server::{NEWEST, Server};
use crate::support::{addresses, until, until_addresses, until_true};

#[tokio::test(flavor = "multi_thread")]
async fn what_can_t_be_understood_is_left_out() {
    let Some(server) = Server::start(NEWEST, "what_can_t_be_understood_is_left_out") else { return };
    let mut instancer = server.client().service("addsvc").instancer();
    let long = "x".repeat(70_000);
    for (key, value) in [("a", "h:1"), ("b", "{"), ("c", ""), ("d", &*long), ("e", r#"{"address":"h:2"}"#)] {
        server.ctl(&["put", &format!("/services/addsvc/{key}"), value]);
    }
    // Another service, whose name begins alike.
    server.ctl(&["put", "/services/addsvc2/a", "h:3"]);
    until_addresses(&mut instancer, &["h:1", "h:2"]).await;
    // What is read at the start is judged alike.
    until_addresses(&mut server.client().service("addsvc").instancer(), &["h:1", "h:2"]).await;
    server.ctl(&["put", "/services/addsvc/a", "not an address"]);
    until_addresses(&mut instancer, &["h:2"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_instances_than_fit_a_page_are_all_seen() {
    on_each("more_instances_than_fit_a_page_are_all_seen", |server| async move {
        let mut client = Client::connect([server.address()], None).await.unwrap();
        for hundred in 0..25 {
            let puts = (0..100).map(|n| {
                let n = hundred * 100 + n;
                TxnOp::put(format!("/services/addsvc/{n}"), format!("10.0.0.1:{}", n + 1), None)
            });
            client.txn(Txn::new().and_then(puts.collect::<Vec<_>>())).await.unwrap();
        }
        let mut instancer = server.client().service("addsvc").instancer();
        assert_eq!(until(&mut instancer, "a set", towerkit_sd::InstancerState::is_known).await.instances().len(), 2500);
        server.ctl(&["del", "--prefix", "/services/addsvc/"]);
        until_addresses(&mut instancer, &[]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_watch_stays_and_costs_little() {
    on_each("a_quiet_watch_stays_and_costs_little", |server| async move {
        let etcd = server.client().check_interval(Duration::from_millis(200));
        let mut instancer = etcd.service("addsvc").instancer();
        let mut registrar = super::start(&etcd, "addsvc", "127.0.0.1:8081".parse().unwrap());
        registrar.registered(1).await;
        until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;
        until_true("its watches", || server.metrics("etcd_debugging_mvcc_watcher_total") == [(String::new(), 2)]).await;

        let before = server.calls();
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(instancer.state().failure().is_none(), "{:?}", instancer.state());
        }
        // Heartbeats and the questions for progress go over streams that are open.
        let after = server.calls();
        assert_eq!(after.since(&before), 0, "{}", after.text());
        registrar.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_open_when_the_last_clone_is_dropped() {
    let Some(server) = Server::start(NEWEST, "nothing_is_left_open_when_the_last_clone_is_dropped") else { return };
    let etcd = server.client();
    let mut instancer = etcd.service("addsvc").instancer();
    let clone = instancer.clone();
    until_addresses(&mut instancer, &[]).await;
    assert!(connections_to(server.port()) > 0);
    drop(instancer);
    server.ctl(&["put", "/services/addsvc/a", "h:1"]);
    let mut clone = clone;
    until_addresses(&mut clone, &["h:1"]).await;
    drop(clone);
    until_true("the end of the connection", || connections_to(server.port()) == 0).await;
    // It connects again when it is needed.
    let mut instancer = etcd.service("addsvc").instancer();
    until_addresses(&mut instancer, &["h:1"]).await;
    assert_eq!(addresses(&instancer.state()), ["h:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_made_of_one_etcd_shares_a_connection() {
    let Some(server) = Server::start(NEWEST, "all_that_is_made_of_one_etcd_shares_a_connection") else { return };
    let etcd = server.client();
    let mut instancers: Vec<_> = (0..10).map(|n| etcd.clone().service(format!("service{n}")).instancer()).collect();
    for instancer in &mut instancers {
        until_addresses(instancer, &[]).await;
    }
    assert_eq!(connections_to(server.port()), 1);
}

/// How many connections from this machine to a port of 127.0.0.1 stand: as the kernel tells.
fn connections_to(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("this is Linux");
    let remote = format!("0100007F:{port:04X}");
    table
        .lines()
        .map(|line| line.split_whitespace().skip(2).take(2).collect::<Vec<_>>())
        .filter(|line| *line == [&*remote, "01"])
        .count()
}
