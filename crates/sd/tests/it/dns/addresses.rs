//! Addresses: of a name, and of targets.

use towerkit_endpoint::Code;
use towerkit_sd::Instance;

use super::servers::{Bind, Dnsmasq};
use super::wire::{Wire, kind, with_code, with_record};
use super::{dig, dns, first};
use crate::support::{addresses, until_failure};

#[tokio::test]
async fn each_address_of_a_name_is_an_instance_at_the_port() {
    let test = "each_address_of_a_name_is_an_instance_at_the_port";
    let hosts = ["--host-record=hosts.svc.test,127.0.0.7,::7", "--host-record=hosts.svc.test,127.0.0.8"];
    let Some(server) = Dnsmasq::start(test, 60, &hosts) else { return };
    let Some(seen) = dig(test, server.port, "A", "hosts.svc.test") else { return };
    assert_eq!(seen, ["127.0.0.7", "127.0.0.8"]);

    let query = || dns(server.port).hosts("hosts.svc.test", 8080).unwrap();
    let both = first(query().instancer()).await;
    assert_eq!(addresses(&both), ["127.0.0.7:8080", "127.0.0.8:8080", "[::7]:8080"]);
    let v4 = first(query().ipv4_only().instancer()).await;
    assert_eq!(addresses(&v4), ["127.0.0.7:8080", "127.0.0.8:8080"]);
    let v6 = first(query().ipv6_only().instancer()).await;
    assert_eq!(addresses(&v6), ["[::7]:8080"]);
}

#[tokio::test]
async fn a_name_without_addresses_is_missing() {
    let test = "a_name_without_addresses_is_missing";
    let Some(server) = Dnsmasq::start(test, 60, &["--txt-record=text.svc.test,text"]) else { return };
    let query = |name| dns(server.port).hosts(name, 8080).unwrap();
    for name in ["text.svc.test", "nobody.svc.test"] {
        let state = first(query(name).instancer()).await;
        assert_eq!(state.failure().unwrap().error().code(), Code::NotFound, "{state:?}");
        let state = first(query(name).missing_is_empty().instancer()).await;
        assert!(state.is_known() && state.instances().is_empty(), "{state:?}");
    }
}

#[tokio::test]
async fn half_of_the_addresses_of_a_name_is_no_set() {
    const A: u16 = 1;
    let (servfail, nxdomain) = (2, 3);
    for (code, expected) in [(servfail, Some(Code::Unavailable)), (nxdomain, None)] {
        let wire = Wire::start(move |question| match kind(question) {
            A => Some(with_record(question, &[127, 0, 0, 7])),
            _ => Some(with_code(question, code)),
        });
        let state = first(dns(wire.port).hosts("hosts.svc.test", 8080).unwrap().instancer()).await;
        assert_eq!(state.failure().map(|failure| failure.error().code()), expected, "{state:?}");
        assert_eq!(state.is_known(), expected.is_none());
    }
}

#[tokio::test]
async fn targets_are_resolved_where_that_is_asked_for() {
    let test = "targets_are_resolved_where_that_is_asked_for";
    let records = "_http._tcp IN SRV 1 5 8081 i1
        _http._tcp IN SRV 1 5 8082 i2
        _http._tcp IN SRV 1 5 8083 nowhere
        i1 IN A 127.0.0.7
        i1 IN AAAA ::7
        i2 IN CNAME i3
        i3 IN A 127.0.0.8
        nowhere IN TXT nothing";
    let Some(server) = Bind::start(test, 60, records) else { return };
    let query = dns(server.port).service("_http._tcp.svc.test").unwrap().resolve_targets();
    let state = first(query.instancer()).await;
    let at = |address: &str, target| address.parse::<Instance>().unwrap().with_weight(5).with_label("target", target);
    let expected =
        [at("127.0.0.7:8081", "i1.svc.test"), at("127.0.0.8:8082", "i2.svc.test"), at("[::7]:8081", "i1.svc.test")];
    assert_eq!(state.instances(), expected, "{state:?}");
}

#[tokio::test]
async fn a_priority_whose_targets_have_no_address_gives_way_to_the_next() {
    let test = "a_priority_whose_targets_have_no_address_gives_way_to_the_next";
    let records = "_http._tcp IN SRV 1 0 8081 nowhere
        _http._tcp IN SRV 2 0 8082 i2
        i2 IN A 127.0.0.8
        nowhere IN TXT nothing";
    let Some(server) = Bind::start(test, 60, records) else { return };
    let query = dns(server.port).service("_http._tcp.svc.test").unwrap().resolve_targets();
    assert_eq!(addresses(&first(query.instancer()).await), ["127.0.0.8:8082"]);
}

/// Else half a set would be published for a whole one.
#[tokio::test]
async fn a_target_whose_lookup_fails_fails_the_whole() {
    let test = "a_target_whose_lookup_fails_fails_the_whole";
    // What is not in its zone, BIND refuses to look up.
    let records = "_http._tcp IN SRV 1 0 8081 i1
        _http._tcp IN SRV 1 0 8082 elsewhere.example.
        i1 IN A 127.0.0.7";
    let Some(server) = Bind::start(test, 60, records) else { return };
    let query = dns(server.port).service("_http._tcp.svc.test").unwrap().resolve_targets();
    let state = until_failure(&mut query.instancer()).await;
    assert!(!state.is_known());
    assert_eq!(state.failure().unwrap().error().code(), Code::PermissionDenied, "{state:?}");
}
