//! On the loopback interface, with python-zeroconf as the neutral peer.

mod apart;
mod call;
mod peer;

use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::Duration;

use peer::{Peer, says};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use towerkit_endpoint::Code;
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_sd::mdns::{Interfaces, Mdns, Registration};
use towerkit_sd::{Instance, Instancer, InstancerState, Register, Registrar, RegistrationState as Standing};
use towerkit_testing::process::free_port;
use towerkit_testing::tool;

use crate::support::until;

const LIMIT: Duration = Duration::from_secs(15);

/// Whether what is sent to a group on the loopback interface is heard there; else the test is skipped.
fn there_is_multicast(test: &str) -> bool {
    let group = Ipv4Addr::new(224, 0, 0, 251);
    let heard = || -> std::io::Result<()> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        sender.send_to(b"?", (group, socket.local_addr()?.port()))?;
        socket.recv(&mut [0]).map(drop)
    };
    match heard() {
        Ok(()) => true,
        Err(error) => {
            tool::skip(test, &format!("there is no multicast on the loopback interface: {error}"));
            false
        }
    }
}

/// On a port where nobody else speaks.
fn alone() -> Mdns {
    Mdns::new(Interfaces::Loopback).port(free_port())
}

fn with_all() -> Mdns {
    Mdns::new(Interfaces::Loopback)
}

fn start(
    registration: Registration,
    instance: Instance,
) -> (JoinHandle<bool>, Stopper, tokio::sync::watch::Receiver<Standing>) {
    let registrar = Registrar::new(registration, instance);
    let standing = registrar.watch();
    let (lifeline, stopper) = Lifeline::detached();
    (tokio::spawn(async move { registrar.run(lifeline).await.is_ok() }), stopper, standing)
}

async fn soon<F: Future>(future: F) -> F::Output {
    timeout(LIMIT, future).await.expect("in time")
}

async fn until_it_is(instancer: &mut Instancer, expected: &[Instance]) -> InstancerState {
    let what = format!("it is {expected:?}");
    until(instancer, &what, |state| state.is_known() && state.instances() == expected).await
}

#[tokio::test]
async fn an_instance_is_seen_with_all_that_is_said_of_it_and_gone_when_it_stops() {
    let test = "an_instance_is_seen_with_all_that_is_said_of_it_and_gone_when_it_stops";
    if !there_is_multicast(test) {
        return;
    }
    let mdns = alone();
    let mut instancer = mdns.service("addsvc").unwrap().instancer();
    until_it_is(&mut instancer, &[]).await;

    let instance = Instance::new("127.0.0.1", 8081).with_id("one.of many").with_zone("eu-1a").with_version("1.4.2");
    let instance = instance.with_weight(200).with_tag("prod").with_tag("blue").with_label("team", "core");
    let (registrar, stopper, mut standing) = start(mdns.registration("addsvc").unwrap(), instance.clone());
    soon(standing.wait_for(Standing::is_registered)).await.unwrap();
    until_it_is(&mut instancer, &[instance]).await;

    stopper.stop(Duration::from_secs(5));
    assert!(soon(registrar).await.unwrap());
    assert!(matches!(&*standing.borrow(), Standing::Stopped { deregistered: true }));
    until_it_is(&mut instancer, &[]).await;
}

#[tokio::test]
async fn the_neutral_peer_sees_ours_come_and_go() {
    let test = "the_neutral_peer_sees_ours_come_and_go";
    let Some(peer) = Peer::find(test) else { return };
    if !there_is_multicast(test) {
        return;
    }
    let peer = peer.browse("_towerkit-a._tcp.local.");
    let instance = Instance::new("127.0.0.1", 8081).with_zone("eu-1a").with_tag("prod").with_tag("blue");
    let (registrar, stopper, _) = start(with_all().registration("towerkit-a").unwrap(), instance);
    let line = says(&peer, "add ").await;
    assert_eq!(line, "add 127.0.0.1:8081._towerkit-a._tcp.local. 127.0.0.1:8081 tags=prod,blue zone=eu-1a");

    stopper.stop(Duration::from_secs(5));
    assert!(soon(registrar).await.unwrap());
    says(&peer, "remove 127.0.0.1:8081._towerkit-a._tcp.local.").await;
}

#[tokio::test]
async fn an_instance_of_the_neutral_peer_is_seen_come_and_go() {
    let test = "an_instance_of_the_neutral_peer_is_seen_come_and_go";
    let Some(peer) = Peer::find(test) else { return };
    if !there_is_multicast(test) {
        return;
    }
    let mut instancer = with_all().service("towerkit-b").unwrap().instancer();
    let peer = peer.register("_towerkit-b._tcp.local.", "printer", 8082, 120, &["zone=eu-1b", "paper=A4"]).await;
    let expected = Instance::new("127.0.0.1", 8082).with_id("printer").with_zone("eu-1b").with_label("paper", "A4");
    until_it_is(&mut instancer, &[expected]).await;

    // It says goodbye.
    peer.terminate(Duration::from_secs(5));
    until_it_is(&mut instancer, &[]).await;
}

#[tokio::test]
async fn an_instance_that_is_killed_is_gone_within_its_ttl() {
    let test = "an_instance_that_is_killed_is_gone_within_its_ttl";
    let Some(peer) = Peer::find(test) else { return };
    if !there_is_multicast(test) {
        return;
    }
    let mut instancer = with_all().service("towerkit-c").unwrap().instancer();
    let peer = peer.register("_towerkit-c._tcp.local.", "worker", 8082, 3, &[]).await;
    until(&mut instancer, "it is there", |state| state.instances().len() == 1).await;

    // It is asked again before its TTL is over, and stands for as long as it answers.
    sleep(Duration::from_secs(5)).await;
    assert_eq!(instancer.state().instances().len(), 1);

    let killed = tokio::time::Instant::now();
    peer.kill();
    until_it_is(&mut instancer, &[]).await;
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
}

#[tokio::test]
async fn a_registrar_whose_task_is_cut_off_is_gone_as_well() {
    let test = "a_registrar_whose_task_is_cut_off_is_gone_as_well";
    if !there_is_multicast(test) {
        return;
    }
    let mdns = alone();
    let mut instancer = mdns.service("addsvc").unwrap().instancer();
    let (registrar, _stopper, _) = start(mdns.registration("addsvc").unwrap(), Instance::new("127.0.0.1", 8081));
    until(&mut instancer, "it is there", |state| state.instances().len() == 1).await;
    registrar.abort();
    until_it_is(&mut instancer, &[]).await;
}

#[tokio::test]
async fn a_second_instance_of_the_same_name_gets_a_name_of_its_own() {
    let test = "a_second_instance_of_the_same_name_gets_a_name_of_its_own";
    let Some(peer) = Peer::find(test) else { return };
    if !there_is_multicast(test) {
        return;
    }
    let watching = peer.browse("_towerkit-d._tcp.local.");
    let (first, second) =
        (Instance::new("127.0.0.1", 8081).with_id("same"), Instance::new("127.0.0.1", 8082).with_id("same"));
    let (_one, _stop_one, mut standing) = start(with_all().registration("towerkit-d").unwrap(), first.clone());
    soon(standing.wait_for(Standing::is_registered)).await.unwrap();
    let (_other, _stop_other, _) = start(with_all().registration("towerkit-d").unwrap(), second.clone());
    let mut instancer = with_all().service("towerkit-d").unwrap().instancer();
    until_it_is(&mut instancer, &[first, second]).await;
    says(&watching, "add same._towerkit-d._tcp.local. 127.0.0.1:8081").await;
    says(&watching, "add same (2)._towerkit-d._tcp.local. 127.0.0.1:8082").await;
}

#[tokio::test]
async fn a_listener_on_all_interfaces_is_registered_with_the_address_of_the_chosen_one() {
    let test = "a_listener_on_all_interfaces_is_registered_with_the_address_of_the_chosen_one";
    if !there_is_multicast(test) {
        return;
    }
    let mdns = alone();
    let mut instancer = mdns.service("addsvc").unwrap().instancer();
    let (_registrar, _stopper, _) = start(mdns.registration("addsvc").unwrap(), Instance::new("0.0.0.0", 8081));
    let state = until(&mut instancer, "it is there", |state| state.instances().len() == 1).await;
    assert_eq!(state.instances()[0].address(), "127.0.0.1:8081");
}

#[tokio::test]
async fn what_can_never_be_registered_is_refused() {
    let mdns = alone();
    let mut registration = mdns.registration("addsvc").unwrap();
    for instance in [Instance::new("node.example", 8081), Instance::new("127.0.0.1", 8081).with_tag("a,b")] {
        let error = soon(registration.register(&instance)).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    }
    // What was never there can be taken back.
    soon(registration.deregister()).await.unwrap();
}

#[tokio::test]
async fn an_address_that_no_chosen_interface_has_is_told() {
    let test = "an_address_that_no_chosen_interface_has_is_told";
    if !there_is_multicast(test) {
        return;
    }
    let mut registration = alone().registration("addsvc").unwrap();
    let error = soon(registration.register(&Instance::new("192.0.2.7", 8081))).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.to_string().contains("no chosen interface has its address"), "{error}");
}

#[tokio::test]
async fn no_interface_to_listen_on_is_told() {
    let mdns = Mdns::new(Interfaces::Named(vec!["nothing0".to_owned()])).port(free_port());
    let state = soon(mdns.service("addsvc").unwrap().instancer().known()).await;
    assert!(!state.is_known());
    assert_eq!(state.failure().unwrap().error().code(), Code::Unavailable);
}

#[tokio::test]
async fn one_that_is_registered_again_is_replaced() {
    let test = "one_that_is_registered_again_is_replaced";
    if !there_is_multicast(test) {
        return;
    }
    let mdns = alone();
    let mut instancer = mdns.service("addsvc").unwrap().instancer();
    let mut registration = mdns.registration("addsvc").unwrap();
    for zone in ["eu-1a", "eu-1b"] {
        let instance = Instance::new("127.0.0.1", 8081).with_id("one").with_zone(zone);
        soon(registration.register(&instance)).await.unwrap();
        until_it_is(&mut instancer, &[instance]).await;
    }
    soon(registration.deregister()).await.unwrap();
    soon(registration.deregister()).await.unwrap();
    until_it_is(&mut instancer, &[]).await;
}

#[tokio::test]
async fn two_instancers_of_one_service_do_not_take_from_each_other() {
    let test = "two_instancers_of_one_service_do_not_take_from_each_other";
    if !there_is_multicast(test) {
        return;
    }
    let mdns = alone();
    let mut one = mdns.service("addsvc").unwrap().instancer();
    let mut other = mdns.service("addsvc").unwrap().instancer();
    let (_registrar, _stopper, _) = start(mdns.registration("addsvc").unwrap(), Instance::new("127.0.0.1", 8081));
    for instancer in [&mut one, &mut other] {
        until(instancer, "it is there", |state| state.instances().len() == 1).await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_and_tried_again() {
    let test = "a_port_that_is_taken_is_told_and_tried_again";
    if !there_is_multicast(test) {
        return;
    }
    let port = free_port();
    // Of both versions, and not to be shared.
    let taken = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap();
    let mdns = Mdns::new(Interfaces::Loopback).port(port);
    let mut instancer = mdns.service("addsvc").unwrap().instancer();
    let state = soon(instancer.known()).await;
    assert_eq!(state.failure().unwrap().error().code(), Code::Unavailable);
    let (_registrar, _stopper, mut standing) =
        start(mdns.registration("addsvc").unwrap(), Instance::new("127.0.0.1", 8081));
    soon(standing.wait_for(|standing| matches!(standing, Standing::Failing { .. }))).await.unwrap();

    drop(taken);
    let state = until(&mut instancer, "it is there", |state| state.instances().len() == 1).await;
    assert!(state.failure().is_none());
}
