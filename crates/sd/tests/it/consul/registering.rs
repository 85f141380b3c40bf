//! What becomes of a registration in a real Consul.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use towerkit_lifecycle::{Group, Lifeline};
use towerkit_sd::{Instance, Register, Registrar, RegistrationState};

use super::agent::{Agent, client_at};
use crate::support::{LONG, Running, until_ports, until_true};
use crate::toxiproxy::Toxiproxy;

const TTL: Duration = Duration::from_secs(1);

fn at(port: u16) -> Instance {
    Instance::new("127.0.0.1", port)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_is_seen_by_us_and_by_consul_and_gone_from_both_after_the_stop() {
    let test = "what_is_registered_is_seen_by_us_and_by_consul_and_gone_from_both_after_the_stop";
    let Some(agent) = Agent::start(test) else { return };
    let mut instancer = agent.client().service("addsvc").instancer();
    until_ports(&mut instancer, &[]).await;

    let registrar = Registrar::new(agent.client().registration("addsvc").ttl(TTL), at(8081));
    let mut state = registrar.watch();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let until_told = towerkit_lifecycle::member_fn("test", |lifeline: Lifeline| async move {
        lifeline.ready();
        stopped.await?;
        Ok(())
    });
    let group = tokio::spawn(Group::new().with(until_told).with(registrar).run());
    let registered =
        timeout(LONG, state.wait_for(RegistrationState::is_registered)).await.map(|state| drop(state.unwrap()));
    registered.expect("it is registered");
    until_ports(&mut instancer, &[8081]).await;
    assert!(agent.knows("addsvc"));

    stop.send(()).unwrap();
    timeout(LONG, group).await.unwrap().unwrap().unwrap();
    assert!(!agent.knows("addsvc"));
    until_ports(&mut instancer, &[]).await;
    assert!(matches!(*state.borrow(), RegistrationState::Stopped { deregistered: true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_comes_out_as_it_went_in() {
    let Some(agent) = Agent::start("an_instance_comes_out_as_it_went_in") else { return };
    let whole = Instance::new("fd00::7", 8081).with_id("a/b c%2F+é").with_zone("eu-1a").with_version("1.2.3-rc.1");
    let whole = whole.with_weight(130).with_tag("b").with_tag("a").with_label("team", "blue \"é\"");
    let bare = Instance::new("node-7.example", 8082).with_id("addsvc-node-7.example-8082");
    let light = at(8083).with_id("addsvc-127.0.0.1-8083").with_weight(0);
    let heavy = at(8084).with_id("addsvc-127.0.0.1-8084").with_weight(u32::MAX);
    let mut running = Vec::new();
    for instance in [whole.clone(), at(8083).with_weight(0), heavy.clone(), Instance::new("node-7.example", 8082)] {
        let mut one = Running::start(Registrar::new(agent.client().registration("addsvc"), instance));
        one.registered(1).await;
        running.push(one);
    }
    let mut instancer = agent.client().service("addsvc").instancer();
    let state = until_ports(&mut instancer, &[8081, 8082, 8083, 8084]).await;
    assert_eq!(state.instances(), [light, heavy, whole, bare]);
    for one in running {
        one.stop().await;
    }
    until_ports(&mut instancer, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_killed_is_gone_within_its_ttl() {
    let Some(agent) = Agent::start("an_instance_that_is_killed_is_gone_within_its_ttl") else { return };
    let ttl = Duration::from_secs(2);
    let mut instancer = agent.client().service("addsvc").instancer();
    let mut running = Running::start(Registrar::new(agent.client().registration("addsvc").ttl(ttl), at(8081)));
    running.registered(1).await;
    until_ports(&mut instancer, &[8081]).await;
    // Longer than its ttl: it is the heartbeats that keep it.
    sleep(ttl + ttl / 2).await;
    assert_eq!(instancer.state().instances().len(), 1);

    running.kill().await;
    let killed = Instant::now();
    until_ports(&mut instancer, &[]).await;
    assert!(killed.elapsed() < ttl + Duration::from_secs(1), "{:?}", killed.elapsed());
    assert!(agent.knows("addsvc"), "it is still there, but critical");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_heartbeats_do_not_come_through_is_gone_and_back_when_they_do() {
    let test = "one_whose_heartbeats_do_not_come_through_is_gone_and_back_when_they_do";
    let (Some(agent), Some(toxiproxy)) = (Agent::start(test), Toxiproxy::start(test)) else { return };
    let link = toxiproxy.proxy(agent.port());
    let mut instancer = agent.client().service("addsvc").instancer();
    let mut running = Running::start(Registrar::new(client_at(link.port()).registration("addsvc").ttl(TTL), at(8081)));
    running.registered(1).await;
    until_ports(&mut instancer, &[8081]).await;

    for round in [2, 3] {
        if round == 2 {
            link.cut();
        } else {
            link.hang();
        }
        until_ports(&mut instancer, &[]).await;
        running.failing().await;
        if round == 2 {
            link.restore();
        } else {
            link.heal();
        }
        until_ports(&mut instancer, &[8081]).await;
        running.registered(round).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_cut_between_heartbeats_loses_nothing() {
    let test = "a_short_cut_between_heartbeats_loses_nothing";
    let (Some(agent), Some(toxiproxy)) = (Agent::start(test), Toxiproxy::start(test)) else { return };
    let link = toxiproxy.proxy(agent.port());
    let mut instancer = agent.client().service("addsvc").instancer();
    let registration = client_at(link.port()).registration("addsvc").ttl(TTL * 3);
    let mut running = Running::start(Registrar::new(registration, at(8081)));
    running.registered(1).await;
    until_ports(&mut instancer, &[8081]).await;
    link.cut();
    // A heartbeat or two are missed.
    sleep(TTL + TTL / 2).await;
    link.restore();
    sleep(TTL * 2).await;
    assert_eq!(instancer.state().instances().len(), 1);
    assert!(matches!(*running.state.borrow(), RegistrationState::Registered { times: 1 }), "it was never lost");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deregistered_by_another_hand_is_registered_again() {
    let Some(agent) = Agent::start("what_is_deregistered_by_another_hand_is_registered_again") else { return };
    let mut instancer = agent.client().service("addsvc").instancer();
    let mut running = Running::start(Registrar::new(agent.client().registration("addsvc").ttl(TTL * 3), at(8081)));
    running.registered(1).await;
    until_ports(&mut instancer, &[8081]).await;

    agent.remove("addsvc-127.0.0.1-8081");
    let removed = Instant::now();
    until_ports(&mut instancer, &[]).await;
    running.registered(2).await;
    assert!(removed.elapsed() < TTL * 5 / 2, "by the next heartbeat, and not by its TTL: {:?}", removed.elapsed());
    until_ports(&mut instancer, &[8081]).await;

    agent.api("PUT", "/v1/agent/check/deregister/service:addsvc-127.0.0.1-8081", "");
    assert!(!agent.api("GET", "/v1/agent/checks", "").contains("addsvc"));
    running.registered(3).await;
    assert!(agent.api("GET", "/v1/agent/checks", "").contains("addsvc"), "with its check");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_killed_and_comes_back_is_well_at_once() {
    let Some(agent) = Agent::start("one_that_was_killed_and_comes_back_is_well_at_once") else { return };
    let mut instancer = agent.client().service("addsvc").instancer();
    let start = || Running::start(Registrar::new(agent.client().registration("addsvc").ttl(TTL), at(8081)));
    let mut running = start();
    running.registered(1).await;
    until_ports(&mut instancer, &[8081]).await;
    running.kill().await;
    // Its check is critical now, and Consul would keep it so over another registration.
    until_ports(&mut instancer, &[]).await;
    let mut running = start();
    running.registered(1).await;
    let began = Instant::now();
    until_ports(&mut instancer, &[8081]).await;
    assert!(began.elapsed() < TTL / 3, "before the first heartbeat: {:?}", began.elapsed());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consul_asks_by_http_and_takes_out_what_is_not_well() {
    let Some(agent) = Agent::start("consul_asks_by_http_and_takes_out_what_is_not_well") else { return };
    let well = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicU64::new(0));
    let port = health_server(&well, &asked);
    let registration = agent.client().registration("addsvc").http_check("/health", Duration::from_secs(1));
    let mut running = Running::start(Registrar::new(registration, at(port)));
    running.registered(1).await;
    let mut instancer = agent.client().service("addsvc").instancer();
    until_ports(&mut instancer, &[]).await;
    until_true("it was asked", || asked.load(Ordering::Relaxed) > 0).await;
    assert_eq!(instancer.state().instances(), []);

    well.store(true, Ordering::Relaxed);
    until_ports(&mut instancer, &[port]).await;
    well.store(false, Ordering::Relaxed);
    until_ports(&mut instancer, &[]).await;
    well.store(true, Ordering::Relaxed);
    until_ports(&mut instancer, &[port]).await;

    agent.remove(&format!("addsvc-127.0.0.1-{port}"));
    running.registered(2).await;
    until_ports(&mut instancer, &[port]).await;
    running.stop().await;
    assert!(!agent.knows("addsvc"));
}

/// Answers `GET /health` with 200 or 503.
fn health_server(well: &Arc<AtomicBool>, asked: &Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (well, asked) = (Arc::clone(well), Arc::clone(asked));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap_or(0);
            if request[..read].starts_with(b"GET /health ") {
                asked.fetch_add(1, Ordering::Relaxed);
            }
            let status = if well.load(Ordering::Relaxed) { "200 OK" } else { "503 Service Unavailable" };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn consul_connects_and_takes_out_what_does_not_listen() {
    let Some(agent) = Agent::start("consul_connects_and_takes_out_what_does_not_listen") else { return };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let registration = agent.client().registration("addsvc").tcp_check(Duration::from_secs(1));
    let mut running = Running::start(Registrar::new(registration, at(port)));
    running.registered(1).await;
    let mut instancer = agent.client().service("addsvc").instancer();
    until_ports(&mut instancer, &[port]).await;
    drop(listener);
    until_ports(&mut instancer, &[]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_and_instances_of_one_process_do_not_clash() {
    let Some(agent) = Agent::start("services_and_instances_of_one_process_do_not_clash") else { return };
    let consul = agent.client();
    let mut running = Vec::new();
    for (service, port) in [("addsvc", 8081), ("addsvc", 8082), ("other", 8081)] {
        let mut one = Running::start(Registrar::new(consul.registration(service), at(port)));
        one.registered(1).await;
        running.push(one);
    }
    let (mut addsvc, mut other) = (consul.service("addsvc").instancer(), consul.service("other").instancer());
    until_ports(&mut addsvc, &[8081, 8082]).await;
    until_ports(&mut other, &[8081]).await;
    running.pop().unwrap().stop().await;
    until_ports(&mut other, &[]).await;
    running.pop().unwrap().stop().await;
    until_ports(&mut addsvc, &[8081]).await;
    running.pop().unwrap().stop().await;
    until_ports(&mut addsvc, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_twice_is_there_once_and_deregistering_twice_is_no_error() {
    let test = "what_is_registered_twice_is_there_once_and_deregistering_twice_is_no_error";
    let Some(agent) = Agent::start(test) else { return };
    let mut registration = agent.client().registration("addsvc");
    registration.deregister().await.expect("there is nothing to do");
    let lost = timeout(LONG, registration.keep()).await.unwrap();
    assert_eq!(lost.code(), towerkit_endpoint::Code::NotFound);
    registration.register(&at(8081)).await.unwrap();
    registration.register(&at(8081).with_version("2")).await.unwrap();
    let mut instancer = agent.client().service("addsvc").instancer();
    let state = until_ports(&mut instancer, &[8081]).await;
    assert_eq!(state.instances()[0].version(), Some("2"));
    agent.remove("addsvc-127.0.0.1-8081");
    registration.deregister().await.expect("it is gone already");
    registration.deregister().await.expect("and is still");
    until_ports(&mut instancer, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_consul_does_not_take_is_told() {
    let Some(agent) = Agent::start("what_consul_does_not_take_is_told") else { return };
    let mut registration = agent.client().registration("addsvc");
    let error = registration.register(&at(8081).with_label("a b", "c")).await.unwrap_err();
    assert!(error.to_string().contains("Key contains invalid characters"), "{error}");
    let error = registration.register(&Instance::new("0.0.0.0", 8081)).await.unwrap_err();
    assert_eq!(error.code(), towerkit_endpoint::Code::InvalidArgument, "{error}");
}
