use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;
use towerkit_endpoint::Code;
use towerkit_lifecycle::{Group, member_fn};
use towerkit_sd::eureka::{Eureka, Status};
use towerkit_sd::{Instance, Register, Registrar};

use super::peer::Peer;
use super::server::Server;
use super::{brief, eureka, fake, watched};
use crate::support::{Running, until_addresses, until_true};

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_seen_by_ours_and_by_the_python_client_until_it_stops() {
    let test = "an_instance_is_seen_by_ours_and_by_the_python_client_until_it_stops";
    let Some(server) = Server::shared(test) else { return };
    let Some(peer) = Peer::find(server.port(), test) else { return };
    let eureka = eureka(server.port());
    let mut seen = watched(&eureka, "add-svc").instancer();
    until_addresses(&mut seen, &[]).await;

    // By its lease it would be there for a while yet.
    let registration = eureka.registration("add-svc");
    let registrar = Registrar::new(registration, "10.0.0.7:8081".parse().expect("an address"));
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let stopper = member_fn("stopper", |lifeline| async move {
        lifeline.ready();
        stopping.await?;
        Ok(())
    });
    let group = tokio::spawn(Group::new().with(stopper).with(registrar).run());

    until_addresses(&mut seen, &["10.0.0.7:8081"]).await;
    assert_eq!(peer.look("ADD-SVC"), "10.0.0.7:add-svc:8081 10.0.0.7:8081 UP []\n");
    stop.send(()).expect("the group runs");
    group.await.expect("no panic").expect("a good end");
    until_addresses(&mut seen, &[]).await;
    assert_eq!(peer.look("ADD-SVC"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_instance_carries_comes_back() {
    let Some(server) = Server::shared("what_an_instance_carries_comes_back") else { return };
    let eureka = eureka(server.port());
    let name = "Café svc";
    let instance = Instance::new("::1", 8081)
        .with_id("node 7?#%:é")
        .with_zone("eu-1a")
        .with_version("1.4.2")
        .with_weight(250)
        .with_tag("prod")
        .with_tag("blue")
        .with_label("team", "käse <&> \"x\"")
        .with_label("app.kubernetes.io/name", "add svc")
        .with_label("empty", "");
    let running = Running::of(brief(&eureka, name), instance.clone());
    let mut seen = watched(&eureka, name).instancer();
    until_addresses(&mut seen, &["[::1]:8081"]).await;
    assert_eq!(seen.state().instances(), [instance]);
    running.stop().await;
    until_addresses(&mut seen, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_killed_is_gone_when_its_lease_has_run_out() {
    let Some(server) = Server::shared("an_instance_that_is_killed_is_gone_when_its_lease_has_run_out") else { return };
    let eureka = eureka(server.port());
    let mut seen = watched(&eureka, "killed").instancer();
    let mut running = Running::of(brief(&eureka, "killed"), Instance::new("10.0.0.7", 8081));
    running.registered(1).await;
    until_addresses(&mut seen, &["10.0.0.7:8081"]).await;
    running.kill().await;
    let start = Instant::now();
    until_addresses(&mut seen, &[]).await;
    // Twice its duration of 2 s, the interval of the evictions, and that of the poll.
    assert!(start.elapsed() < Duration::from_secs(6), "it took {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_renewed_outlives_its_lease() {
    let Some(server) = Server::shared("an_instance_that_is_renewed_outlives_its_lease") else { return };
    let eureka = eureka(server.port());
    let seen = watched(&eureka, "renewed").instancer();
    let mut running = Running::of(brief(&eureka, "renewed"), Instance::new("10.0.0.7", 8081));
    running.registered(1).await;
    until_addresses(&mut seen.clone(), &["10.0.0.7:8081"]).await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(5500) {
        assert_eq!(seen.state().instances().len(), 1, "after {:?}", start.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_deleted_behind_our_back_is_registered_again() {
    let Some(server) = Server::shared("an_instance_deleted_behind_our_back_is_registered_again") else { return };
    let eureka = eureka(server.port());
    let mut running = Running::of(brief(&eureka, "deleted"), Instance::new("10.0.0.7", 8081).with_id("one"));
    running.registered(1).await;
    server.delete("DELETED", "one");
    assert_eq!(server.application("DELETED"), None);
    running.registered(2).await;
    assert!(server.application("DELETED").is_some());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overridden_status_survives_our_renewals_and_its_end_brings_the_instance_back() {
    let test = "an_overridden_status_survives_our_renewals_and_its_end_brings_the_instance_back";
    let Some(server) = Server::shared(test) else { return };
    let eureka = eureka(server.port());
    let mut running = Running::of(brief(&eureka, "overridden"), Instance::new("10.0.0.7", 8081).with_id("one"));
    running.registered(1).await;
    let mut seen = watched(&eureka, "overridden").instancer();
    until_addresses(&mut seen, &["10.0.0.7:8081"]).await;

    server.override_status("OVERRIDDEN", "one", "OUT_OF_SERVICE");
    until_addresses(&mut seen, &[]).await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2500) {
        assert!(seen.state().instances().is_empty(), "a renewal must not bring it back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(server.application("OVERRIDDEN").expect("it is known").contains("OUT_OF_SERVICE"));
    server.end_override("OVERRIDDEN", "one");
    // The server knows its status only once it has registered anew, which the next renewal is told.
    until_addresses(&mut seen, &["10.0.0.7:8081"]).await;
    running.registered(2).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_and_the_secure_port_are_registered() {
    let Some(server) = Server::shared("the_status_and_the_secure_port_are_registered") else { return };
    let eureka = eureka(server.port());
    let registration = brief(&eureka, "secure").status(Status::OutOfService).secure_port();
    let mut running = Running::of(registration, Instance::new("node-7.example", 8443));
    running.registered(1).await;

    let mut up = watched(&eureka, "secure").secure_port().instancer();
    let mut any = watched(&eureka, "secure").secure_port().include(Status::OutOfService).instancer();
    let mut plain = watched(&eureka, "secure").include(Status::OutOfService).instancer();
    until_addresses(&mut any, &["node-7.example:8443"]).await;
    until_addresses(&mut up, &[]).await;
    until_addresses(&mut plain, &[]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_registry_would_turn_into_broken_xml_is_refused() {
    let (client, count) = fake::client(|_| (StatusCode::NO_CONTENT, String::new()));
    let eureka = Eureka::with_client(["http://eureka"], client).expect("a URL");
    let plain = Instance::new("10.0.0.7", 8081);
    for broken in
        [plain.clone().with_label("", "x"), plain.clone().with_label("a", "\u{1}"), plain.clone().with_zone("\u{ffff}")]
    {
        let error = eureka.registration("addsvc").register(&broken).await.expect_err("it is refused");
        assert_eq!(error.code(), Code::InvalidArgument);
    }
    assert_eq!(count.get(), 0);
    eureka.registration("addsvc").register(&plain.with_label("a\tb", "c\nd")).await.expect("it is taken");
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_can_not_be_renewed_is_lost_after_its_duration_and_not_sooner() {
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&broken);
    let (client, count) = fake::client(move |_| match is_broken.load(Ordering::SeqCst) {
        true => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        false => (StatusCode::OK, String::new()),
    });
    let eureka = Eureka::with_client(["http://eureka"], client).expect("a URL");
    let mut registration = eureka.registration("addsvc");
    registration.register(&Instance::new("10.0.0.7", 8081)).await.expect("it is registered");

    let hour = tokio::time::timeout(Duration::from_secs(3590), registration.keep());
    hour.await.expect_err("nothing is lost");
    assert_eq!(count.get(), 1 + 119, "a renewal every 30 s");

    broken.store(true, Ordering::SeqCst);
    let before = count.get();
    let start = Instant::now();
    let lost = registration.keep().await;
    assert_eq!(lost.code(), Code::Unavailable, "{lost}");
    let took = start.elapsed();
    assert!(Duration::from_secs(90) <= took && took < Duration::from_secs(101), "{took:?}");
    assert!(count.get() - before < 25, "{} renewals", count.get() - before);
}

#[tokio::test(start_paused = true)]
async fn deregistering_what_is_not_there_is_fine() {
    let (client, count) = fake::client(|request| match request.method() {
        &http::Method::DELETE => (StatusCode::NOT_FOUND, String::new()),
        _ => (StatusCode::NO_CONTENT, String::new()),
    });
    let eureka = Eureka::with_client(["http://eureka"], client).expect("a URL");
    let mut registration = eureka.registration("addsvc");
    registration.deregister().await.expect("nothing was there");
    assert_eq!(count.get(), 0);
    registration.register(&Instance::new("10.0.0.7", 8081)).await.expect("it is registered");
    registration.deregister().await.expect("it is gone");
    assert_eq!(count.get(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrar_waits_for_a_registry_that_is_down_and_shows_no_password() {
    let port = towerkit_testing::process::free_port();
    let url = format!("http://operator:hush%21@127.0.0.1:{port}/eureka");
    let eureka = Eureka::new([url]).expect("a URL").user("a", "hush!");
    let running = Running::of(eureka.registration("addsvc"), Instance::new("10.0.0.7", 8081));
    running.ready().await;
    until_true("it says so", || format!("{:?}", running.state.borrow()).contains("Failing")).await;
    let text = format!("{eureka:?} {:?} {:?}", running.state.borrow(), eureka.service("addsvc"));
    assert!(!text.contains("hush"), "{text}");
    assert!(text.contains(&port.to_string()), "but it shows the server: {text}");
    running.kill().await;
}
