use std::time::{Duration, Instant};

use towerkit_endpoint::Code;
use towerkit_lifecycle::{Group, member_fn};
use towerkit_sd::zookeeper::{Acl, AuthId, Permission};
use towerkit_sd::{Register, Registrar, RegistrationState};

use super::server::Server;
use super::{quick, start};
use crate::support::{plain, until, until_addresses, until_true, whole};

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_known_whole_while_it_is_registered() {
    let Some(server) = Server::start("an_instance_is_known_whole_while_it_is_registered") else { return };
    let zookeeper = server.client();
    let mut instancer = zookeeper.service("addsvc").instancer();
    assert!(until(&mut instancer, "an empty set", towerkit_sd::InstancerState::is_known).await.instances().is_empty());

    let registrar = Registrar::new(zookeeper.registration("addsvc"), whole());
    let mut state = registrar.watch();
    let work = member_fn("work", move |lifeline| async move {
        lifeline.ready();
        state.wait_for(RegistrationState::is_registered).await?;
        let known = until(&mut instancer, "the instance", |state| !state.instances().is_empty()).await;
        assert_eq!(known.instances(), [whole()]);
        let data = server.data("/services/addsvc");
        assert!(data.len() == 1 && data[0].contains(r#""address":"[::1]:8081""#), "{data:?}");
        // The group ends with this, and takes the registration back first.
        lifeline.stop_group();
        lifeline.stopping().await;
        until_addresses(&mut instancer, &[]).await;
        assert!(server.data("/services/addsvc").is_empty());
        Ok(())
    });
    Group::new().with(work).with(registrar).run().await.unwrap();
}

#[test]
fn an_instance_that_is_killed_is_gone_within_its_session_s_timeout() {
    let Some(server) = Server::start("an_instance_that_is_killed_is_gone_within_its_session_s_timeout") else { return };
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (ours, theirs) = (runtime(), runtime());
    let zookeeper = server.client();
    let mut instancer = ours.block_on(async { zookeeper.service("addsvc").instancer() });
    theirs.block_on(async {
        let mut registrar = start(&zookeeper, "addsvc", plain(8081));
        registrar.registered(1).await;
        // It outlives its timeout while it lives.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;
    });
    // With a runtime all ends that runs in it, as with a process: nobody is left to close the session.
    let killed = Instant::now();
    drop(theirs);
    ours.block_on(until_addresses(&mut instancer, &[]));
    // A session's end is rounded up to the next tick.
    assert!(killed.elapsed() < Duration::from_secs(3), "{:?}", killed.elapsed());
    assert!(killed.elapsed() > Duration::from_millis(400), "its session was closed: {:?}", killed.elapsed());
    assert!(server.data("/services/addsvc").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_whose_node_is_deleted_or_written_to_is_made_again() {
    let test = "a_registration_whose_node_is_deleted_or_written_to_is_made_again";
    let Some(server) = Server::start(test) else { return };
    let zookeeper = server.client();
    let mut instancer = zookeeper.service("addsvc").instancer();
    let mut registrar = start(&zookeeper, "addsvc", plain(8081));
    registrar.registered(1).await;
    server.kazoo(&["delete-all", "/services/addsvc"]);
    registrar.registered(2).await;
    until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;
    server.kazoo(&["set-all", "/services/addsvc", "127.0.0.1:9"]);
    registrar.registered(3).await;
    until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;
    assert_eq!(server.data("/services/addsvc"), [r#"{"address":"127.0.0.1:8081"}"#]);
    registrar.stop().await;
    assert!(server.data("/services/addsvc").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_is_made_twice_has_one_node() {
    let Some(server) = Server::start("a_registration_that_is_made_twice_has_one_node") else { return };
    let mut registration = server.client().registration("addsvc");
    registration.deregister().await.unwrap();
    registration.register(&plain(1)).await.unwrap();
    // As after a try whose answer was lost.
    registration.register(&plain(2)).await.unwrap();
    assert_eq!(server.data("/services/addsvc"), [r#"{"address":"127.0.0.1:2"}"#]);
    registration.deregister().await.unwrap();
    registration.deregister().await.unwrap();
    assert!(server.data("/services/addsvc").is_empty());
    until_true("the end of the session", || server.connections() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_private_is_seen_by_those_who_may_alone() {
    let Some(server) = Server::start("what_is_private_is_seen_by_those_who_may_alone") else { return };
    let ours = server.client().digest("shop", "hunter2");
    let registration = ours.registration("addsvc").acls([Acl::new(Permission::ALL, AuthId::new("auth", ""))]);
    let mut registrar = quick(Registrar::new(registration, plain(8081)));
    registrar.registered(1).await;
    until_addresses(&mut ours.service("addsvc").instancer(), &["127.0.0.1:8081"]).await;

    let theirs = server.client().digest("shop", "hunter3");
    let state = until(&mut theirs.service("addsvc").instancer(), "a failure", |state| state.failure().is_some()).await;
    assert_eq!(state.failure().unwrap().error().code(), Code::PermissionDenied, "{state:?}");
    assert!(!format!("{state:?}{theirs:?}").contains("hunter3"));
    let error = theirs.registration("addsvc").register(&plain(8082)).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    registrar.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_open_when_the_last_clone_is_dropped() {
    let Some(server) = Server::start("nothing_is_left_open_when_the_last_clone_is_dropped") else { return };
    let zookeeper = server.client();
    let mut instancers: Vec<_> = (0..10).map(|n| zookeeper.service(format!("s{n}")).instancer()).collect();
    for instancer in &mut instancers {
        until_addresses(instancer, &[]).await;
    }
    assert_eq!(server.connections(), 1, "they share a session");
    instancers.truncate(1);
    server.kazoo(&["create", "/services/s0/a", "h:1"]);
    until_addresses(&mut instancers[0], &["h:1"]).await;
    drop(instancers);
    until_true("the end of the session", || server.connections() == 0).await;
    until_addresses(&mut zookeeper.service("s0").instancer(), &["h:1"]).await;
}
