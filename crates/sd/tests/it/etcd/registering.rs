use std::time::{Duration, Instant};

use towerkit_lifecycle::{Group, member_fn};
use towerkit_sd::etcd::Etcd;
use towerkit_sd::{Registrar, RegistrationState};

use super::server::{NEWEST, Server};
use super::{on_each, quick, start};
use crate::support::{addresses, plain, until, until_addresses, until_true, whole};

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_known_whole_while_it_is_registered() {
    on_each("an_instance_is_known_whole_while_it_is_registered", |server| async move {
        let etcd = server.client();
        let mut instancer = etcd.service("addsvc").instancer();
        assert!(
            until(&mut instancer, "an empty set", towerkit_sd::InstancerState::is_known).await.instances().is_empty()
        );

        let registrar = Registrar::new(etcd.registration("addsvc"), whole());
        let mut state = registrar.watch();
        let work = member_fn("work", move |lifeline| async move {
            lifeline.ready();
            state.wait_for(RegistrationState::is_registered).await?;
            let known = until(&mut instancer, "the instance", |state| !state.instances().is_empty()).await;
            assert_eq!(known.instances(), [whole()]);
            let values = server.values("/services/addsvc/");
            assert!(values[0].contains(r#""address":"[::1]:8081""#), "{values:?}");
            assert_eq!(server.ctl(&["get", "/services/addsvc/one", "--keys-only"]).trim(), "/services/addsvc/one");
            // The group ends with this, and takes the registration back first.
            lifeline.stop_group();
            lifeline.stopping().await;
            until_addresses(&mut instancer, &[]).await;
            assert!(server.values("/services/").is_empty());
            assert!(server.leases().is_empty());
            Ok(())
        });
        Group::new().with(work).with(registrar).run().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_killed_is_gone_within_its_ttl() {
    let Some(server) = Server::start(NEWEST, "an_instance_that_is_killed_is_gone_within_its_ttl") else { return };
    let etcd = server.client();
    let mut instancer = etcd.service("addsvc").instancer();
    let mut registrar = start(&etcd, "addsvc", plain(8081));
    registrar.registered(1).await;
    until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;
    // It outlives its TTL while it is kept alive.
    tokio::time::sleep(Duration::from_millis(2000)).await;
    assert_eq!(addresses(&instancer.state()), ["127.0.0.1:8081"]);

    registrar.kill().await;
    let killed = Instant::now();
    until_addresses(&mut instancer, &[]).await;
    // etcd looks for leases that have run out each half second.
    assert!(killed.elapsed() < Duration::from_secs(3), "{:?}", killed.elapsed());
    assert!(server.values("/services/").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_whose_lease_is_revoked_is_made_again() {
    on_each("a_registration_whose_lease_is_revoked_is_made_again", |server| async move {
        let etcd = server.client();
        let mut registrar = quick(Registrar::new(etcd.registration("addsvc"), plain(8081)));
        registrar.registered(1).await;
        let leases = server.leases();
        assert_eq!(leases.len(), 1);
        server.ctl(&["lease", "revoke", &leases[0]]);
        // By the watch: the lease of 10 s is renewed each 3.3 s.
        let revoked = Instant::now();
        registrar.registered(2).await;
        assert!(revoked.elapsed() < Duration::from_secs(2), "{:?}", revoked.elapsed());
        assert_eq!(server.values("/services/addsvc/").len(), 1);
        assert_eq!(server.leases().len(), 1);
        registrar.stop().await;
        assert!(server.values("/services/addsvc/").is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_whose_key_is_deleted_is_made_again_with_its_lease() {
    on_each("a_registration_whose_key_is_deleted_is_made_again_with_its_lease", |server| async move {
        let etcd = server.client();
        let mut registrar = quick(Registrar::new(etcd.registration("addsvc"), plain(8081)));
        registrar.registered(1).await;
        let leases = server.leases();
        server.ctl(&["del", "--prefix", "/services/"]);
        registrar.registered(2).await;
        assert_eq!(server.values("/services/addsvc/").len(), 1);
        assert_eq!(server.leases(), leases);
        registrar.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_taken_from_its_lease_is_bound_again() {
    let Some(server) = Server::start(NEWEST, "a_key_that_is_taken_from_its_lease_is_bound_again") else { return };
    let mut registrar = start(&server.client(), "addsvc", plain(8081));
    registrar.registered(1).await;
    server.ctl(&["put", "/services/addsvc/127.0.0.1:8081", "1.2.3.4:5"]);
    registrar.registered(2).await;
    registrar.kill().await;
    until_true("its end", || server.values("/services/").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_registrations_of_one_name_the_later_stands_until_it_goes() {
    let Some(server) = Server::start(NEWEST, "of_two_registrations_of_one_name_the_later_stands_until_it_goes") else {
        return;
    };
    let etcd = server.client();
    let mut instancer = etcd.service("addsvc").instancer();
    let mut first = start(&etcd, "addsvc", plain(1).with_id("one"));
    first.registered(1).await;
    let mut second = start(&etcd, "addsvc", plain(2).with_id("one"));
    second.registered(1).await;
    until_addresses(&mut instancer, &["127.0.0.1:2"]).await;
    // They don't take it from each other.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(addresses(&instancer.state()), ["127.0.0.1:2"]);
    second.stop().await;
    first.registered(2).await;
    until_addresses(&mut instancer, &["127.0.0.1:1"]).await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stops_late_does_not_delete_what_another_has_written() {
    let Some(server) = Server::start(NEWEST, "one_that_stops_late_does_not_delete_what_another_has_written") else {
        return;
    };
    let etcd = server.client();
    let mut first = start(&etcd, "addsvc", plain(1).with_id("one"));
    first.registered(1).await;
    let mut second = start(&etcd, "addsvc", plain(2).with_id("one"));
    second.registered(1).await;
    first.stop().await;
    assert!(server.values("/services/addsvc/")[0].contains("127.0.0.1:2"));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_was_never_made_is_taken_back_without_asking() {
    use towerkit_sd::Register;
    let nobody = Etcd::new([format!("127.0.0.1:{}", towerkit_testing::process::free_port())]).unwrap();
    nobody.registration("addsvc").deregister().await.unwrap();
}
