use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use towerkit_endpoint::Code;
use towerkit_sd::{Instance, RegistrationState};
use towerkit_testing::process::free_port;

use super::server::{Server, client_of};
use super::{quick, start};
use crate::support::{addresses, ender, until, until_addresses};
use crate::toxiproxy::Toxiproxy;

async fn comes_back_from_a_restart(mut server: Server, emptied: bool) {
    let zookeeper = server.client();
    let mut instancer = zookeeper.service("addsvc").instancer();
    let mut registrar = start(&zookeeper, "addsvc", Instance::new("127.0.0.1", 8081));
    until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;

    server.kill();
    let state = until(&mut instancer, "a failure", |state| state.failure().is_some()).await;
    assert_eq!(state.failure().map(|failure| failure.error().code()), Some(Code::Unavailable), "{state:?}");
    assert_eq!(addresses(&state), ["127.0.0.1:8081"], "the set stands");
    // Its session is over, and it knows that nobody knows.
    registrar.until("a failure", |state| matches!(state, RegistrationState::Failing { .. })).await;
    if emptied {
        server.empty();
    }
    server.run();
    registrar.registered(2).await;
    until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;
    server.kazoo(&["create", "/services/addsvc/another", "127.0.0.1:8082"]);
    until_addresses(&mut instancer, &["127.0.0.1:8081", "127.0.0.1:8082"]).await;
    registrar.stop().await;
    until_addresses(&mut instancer, &["127.0.0.1:8082"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_comes_back_with_a_zookeeper_that_is_started_again() {
    let Some(server) = Server::start("all_comes_back_with_a_zookeeper_that_is_started_again") else { return };
    comes_back_from_a_restart(server, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_comes_back_with_a_zookeeper_that_has_lost_its_data() {
    let Some(server) = Server::start("all_comes_back_with_a_zookeeper_that_has_lost_its_data") else { return };
    comes_back_from_a_restart(server, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_within_the_timeout_loses_neither_news_nor_the_registration() {
    let test = "a_cut_within_the_timeout_loses_neither_news_nor_the_registration";
    let Some(toxiproxy) = Toxiproxy::start(test) else { return };
    let Some(server) = Server::start(test) else { return };
    let link = toxiproxy.proxy(server.port());
    // As long as the server lets it be.
    let zookeeper = client_of([format!("127.0.0.1:{}", link.port())]).session_timeout(Duration::from_secs(10));
    let mut instancer = zookeeper.service("addsvc").instancer();
    let registrar = start(&zookeeper, "addsvc", Instance::new("127.0.0.1", 8081));
    server.kazoo(&["create", "/services/addsvc/a", "h:1"]);
    until_addresses(&mut instancer, &["127.0.0.1:8081", "h:1"]).await;

    link.cut();
    until(&mut instancer, "a failure", |state| state.failure().is_some()).await;
    server.kazoo(&["create", "/services/addsvc/b", "h:2"]);
    server.kazoo(&["set", "/services/addsvc/a", "h:3"]);
    assert_eq!(addresses(&instancer.state()), ["127.0.0.1:8081", "h:1"]);
    link.restore();
    until_addresses(&mut instancer, &["127.0.0.1:8081", "h:2", "h:3"]).await;
    server.kazoo(&["delete", "/services/addsvc/a"]);
    until_addresses(&mut instancer, &["127.0.0.1:8081", "h:2"]).await;
    let state = registrar.state.borrow().clone();
    assert!(matches!(state, RegistrationState::Registered { times: 1 }), "{state:?}");
    registrar.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_dead_without_having_ended_is_noticed() {
    let test = "a_connection_that_is_dead_without_having_ended_is_noticed";
    let Some(toxiproxy) = Toxiproxy::start(test) else { return };
    let Some(server) = Server::start(test) else { return };
    let link = toxiproxy.proxy(server.port());
    let zookeeper = client_of([format!("127.0.0.1:{}", link.port())]);
    let mut instancer = zookeeper.service("addsvc").instancer();
    let mut registrar = start(&zookeeper, "addsvc", Instance::new("127.0.0.1", 8081));
    until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;

    link.hang();
    let hung = Instant::now();
    let state = until(&mut instancer, "a failure", |state| state.failure().is_some()).await;
    assert!(hung.elapsed() < Duration::from_secs(3), "{:?}", hung.elapsed());
    assert_eq!(addresses(&state), ["127.0.0.1:8081"], "the set stands");
    registrar.until("a failure", |state| matches!(state, RegistrationState::Failing { .. })).await;
    server.kazoo(&["create", "/services/addsvc/a", "h:1"]);
    link.heal();
    registrar.registered(2).await;
    until_addresses(&mut instancer, &["127.0.0.1:8081", "h:1"]).await;
    registrar.stop().await;
    until_addresses(&mut instancer, &["h:1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_dead_from_the_start_is_passed_over() {
    let Some(server) = Server::start("a_server_that_is_dead_from_the_start_is_passed_over") else { return };
    server.kazoo(&["create", "/services/addsvc/a", "h:1"]);
    // By chance the dead one is the first to be asked.
    for _ in 0..10 {
        let zookeeper = client_of([format!("127.0.0.1:{}", free_port()), server.address()]);
        let state = zookeeper.service("addsvc").instancer().known().await;
        assert!(state.failure().is_none(), "{state:?}");
        assert_eq!(addresses(&state), ["h:1"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_watch_costs_little() {
    let Some(server) = Server::start("a_quiet_watch_costs_little") else { return };
    let zookeeper = server.client().check_interval(Duration::from_millis(500)).session_timeout(Duration::from_secs(4));
    let mut instancer = zookeeper.service("addsvc").instancer();
    let mut registrar = start(&zookeeper, "addsvc", Instance::new("127.0.0.1", 8081));
    registrar.registered(1).await;
    until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;
    let before = server.packets();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(instancer.state().failure().is_none(), "{:?}", instancer.state());
    }
    // Two ask each half second; pings go where nothing else does.
    let packets = server.packets() - before;
    assert!((4..=20).contains(&packets), "{packets}");
    registrar.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zookeeper_that_ends_each_connection_is_not_hammered() {
    let (port, count) = ender();
    let zookeeper = client_of([format!("127.0.0.1:{port}")]);
    let mut instancer = zookeeper.service("addsvc").instancer();
    let registrar = start(&zookeeper, "addsvc", Instance::new("127.0.0.1", 8081));
    until(&mut instancer, "a failure", |state| state.failure().is_some()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let tries = count.load(Ordering::Relaxed);
    assert!((5..=60).contains(&tries), "{tries}");
    registrar.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zookeeper_that_refuses_is_not_hammered() {
    let Some(server) = Server::start("a_zookeeper_that_refuses_is_not_hammered") else { return };
    let theirs = server.client().digest("shop", "hunter2");
    let private = towerkit_sd::zookeeper::Acl::new(
        towerkit_sd::zookeeper::Permission::ALL,
        towerkit_sd::zookeeper::AuthId::new("auth", ""),
    );
    let registration = theirs.registration("addsvc").acls([private]);
    let mut registered = quick(towerkit_sd::Registrar::new(registration, Instance::new("127.0.0.1", 8081)));
    registered.registered(1).await;

    let mut instancer = server.client().service("addsvc").instancer();
    let registrar = start(&server.client(), "addsvc", Instance::new("127.0.0.1", 8082));
    until(&mut instancer, "a failure", |state| state.failure().is_some()).await;
    let before = server.packets();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let packets = server.packets() - before;
    assert!((5..=150).contains(&packets), "{packets}");
    registrar.kill().await;
    registered.stop().await;
}
