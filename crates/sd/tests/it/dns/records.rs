//! What is published of the records, and when.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::time::Instant;
use towerkit_endpoint::Code;
use towerkit_sd::Instance;
use towerkit_sd::dns::Dns;

use super::servers::{Bind, Dnsmasq, Knot};
use super::{dig, dns, first};
use crate::support::{addresses, until_addresses, until_failure};

const SRV: [&str; 2] =
    ["--srv-host=_http._tcp.svc.test,i1.svc.test,8081,10,60", "--srv-host=_http._tcp.svc.test,i2.svc.test,8082,10,0"];

#[tokio::test]
async fn the_records_of_a_name_are_its_instances_as_dig_sees_them() {
    let test = "the_records_of_a_name_are_its_instances_as_dig_sees_them";
    let Some(server) = Dnsmasq::start(test, 60, &SRV) else { return };
    let Some(seen) = dig(test, server.port, "SRV", "_http._tcp.svc.test") else { return };
    assert_eq!(seen, ["10 0 8082 i2.svc.test.", "10 60 8081 i1.svc.test."]);

    let instancer = dns(server.port).service("_http._tcp.svc.test").unwrap().instancer();
    let state = first(instancer).await;
    let (i1, i2) = (Instance::new("i1.svc.test", 8081), Instance::new("i2.svc.test", 8082));
    assert_eq!(state.instances(), [i1.with_weight(60), i2.with_weight(1)]);
    assert!(state.failure().is_none());
}

#[tokio::test]
async fn only_the_lowest_priority_is_published_unless_all_are_asked_for() {
    let test = "only_the_lowest_priority_is_published_unless_all_are_asked_for";
    let next = "--srv-host=_http._tcp.svc.test,i3.svc.test,8083,20,60";
    let Some(server) = Dnsmasq::start(test, 60, &[SRV[0], next]) else { return };
    let query = || dns(server.port).service("_http._tcp.svc.test.").unwrap();

    assert_eq!(addresses(&first(query().instancer()).await), ["i1.svc.test:8081"]);

    let all = first(query().every_priority().instancer()).await;
    assert_eq!(addresses(&all), ["i1.svc.test:8081", "i3.svc.test:8083"]);
    let priorities: Vec<_> = all.instances().iter().map(|instance| instance.label("priority").unwrap()).collect();
    assert_eq!(priorities, ["10", "20"]);
}

#[tokio::test]
async fn a_record_that_is_added_or_gone_is_seen_within_its_ttl() {
    let test = "a_record_that_is_added_or_gone_is_seen_within_its_ttl";
    let Some(server) = Knot::start(test, 2, "_http._tcp 2 IN SRV 1 0 8081 i1") else { return };
    let mut instancer = dns(server.port).service("_http._tcp.svc.test.").unwrap().instancer();
    until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;

    let changed = Instant::now();
    server.change(&["_http._tcp 2 SRV 1 0 8082 i2"], &[]);
    until_addresses(&mut instancer, &["i1.svc.test:8081", "i2.svc.test:8082"]).await;
    assert!(changed.elapsed() < Duration::from_millis(3500), "{:?}", changed.elapsed());

    let changed = Instant::now();
    server.change(&["_http._tcp 2 SRV 1 0 8082 i2"], &["_http._tcp"]);
    until_addresses(&mut instancer, &["i2.svc.test:8082"]).await;
    assert!(changed.elapsed() < Duration::from_millis(3500), "{:?}", changed.elapsed());
    let Some(seen) = dig(test, server.port, "SRV", "_http._tcp.svc.test") else { return };
    assert_eq!(seen, ["1 0 8082 i2.svc.test."]);
}

#[tokio::test]
async fn the_cache_of_a_resolver_that_is_passed_in_serves_nothing() {
    let test = "the_cache_of_a_resolver_that_is_passed_in_serves_nothing";
    let Some(server) = Knot::start(test, 1, "_http._tcp 1 IN SRV 1 0 8081 i1") else { return };
    let mut name_server = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
    for connection in &mut name_server.connections {
        connection.port = server.port;
    }
    let config = ResolverConfig::from_name_servers(vec![name_server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.positive_min_ttl = Some(Duration::from_secs(3600));
    options.negative_min_ttl = Some(Duration::from_secs(3600));
    // The TTL it tells is that of its settings then.
    let query =
        Dns::new(builder.build().unwrap()).service("_http._tcp.svc.test.").unwrap().max_ttl(Duration::from_secs(1));
    let mut instancer = query.instancer();
    until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;

    server.change(&[], &["_http._tcp"]);
    until_failure(&mut instancer).await;

    server.change(&["_http._tcp 1 SRV 1 0 8082 i2"], &[]);
    until_addresses(&mut instancer, &["i2.svc.test:8082"]).await;
}

#[tokio::test]
async fn a_name_that_vanishes_keeps_its_instances_and_is_told() {
    let test = "a_name_that_vanishes_keeps_its_instances_and_is_told";
    let Some(server) = Knot::start(test, 1, "_http._tcp 1 IN SRV 1 0 8081 i1") else { return };
    let mut instancer = dns(server.port).service("_http._tcp.svc.test.").unwrap().instancer();
    until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;

    server.change(&[], &["_http._tcp"]);
    let state = until_failure(&mut instancer).await;
    assert_eq!(addresses(&state), ["i1.svc.test:8081"]);
    let error = state.failure().unwrap().error();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.to_string(), "dns: SRV records of _http._tcp.svc.test.: there is no such name");

    server.change(&["_http._tcp 1 SRV 1 0 8082 i2"], &[]);
    let state = until_addresses(&mut instancer, &["i2.svc.test:8082"]).await;
    assert!(state.failure().is_none());
}

#[tokio::test]
async fn a_name_that_vanishes_has_no_instances_where_that_is_asked_for() {
    let test = "a_name_that_vanishes_has_no_instances_where_that_is_asked_for";
    let Some(server) = Knot::start(test, 1, "_http._tcp 1 IN SRV 1 0 8081 i1") else { return };
    let query = dns(server.port).service("_http._tcp.svc.test").unwrap().missing_is_empty();
    let mut instancer = query.instancer();
    until_addresses(&mut instancer, &["i1.svc.test:8081"]).await;

    // No such name; then the name, but no record of the type.
    server.change(&[], &["_http._tcp"]);
    let state = until_addresses(&mut instancer, &[]).await;
    assert!(state.failure().is_none());
    server.change(&["_http._tcp 1 SRV 1 0 8082 i2"], &[]);
    until_addresses(&mut instancer, &["i2.svc.test:8082"]).await;
    server.change(&["_http._tcp 1 TXT gone"], &["_http._tcp"]);
    until_addresses(&mut instancer, &[]).await;
}

#[tokio::test]
async fn an_answer_too_long_for_udp_comes_whole() {
    let test = "an_answer_too_long_for_udp_comes_whole";
    let records: String = (1..=60).map(|n| format!("_many._tcp IN SRV 1 0 {} i{n}\n", 9000 + n)).collect();
    let Some(server) = Bind::start(test, 60, &records) else { return };
    let Some(seen) = dig(test, server.port, "SRV", "_many._tcp.svc.test") else { return };
    assert_eq!(seen.len(), 60);

    let instancer = dns(server.port).service("_many._tcp.svc.test").unwrap().instancer();
    let state = first(instancer).await;
    assert_eq!(state.instances().len(), 60, "{state:?}");
}

#[tokio::test]
async fn one_bad_record_does_not_fail_the_rest() {
    let test = "one_bad_record_does_not_fail_the_rest";
    let records = r"_bad._tcp IN SRV 1 0 0 i1
        _bad._tcp IN SRV 1 0 8080 a\032b
        _bad._tcp IN SRV 1 0 8081 .
        _bad._tcp IN SRV 1 0 8082 i1
        _worse._tcp IN SRV 1 0 0 i1";
    let Some(server) = Bind::start(test, 60, records) else { return };
    let query = |name| dns(server.port).service(name).unwrap();
    assert_eq!(addresses(&first(query("_bad._tcp.svc.test").instancer()).await), ["i1.svc.test:8082"]);

    let state = first(query("_worse._tcp.svc.test").instancer()).await;
    assert!(!state.is_known());
    assert_eq!(state.failure().unwrap().error().code(), Code::DataLoss);
}

#[tokio::test]
async fn the_root_alone_as_target_is_a_service_without_instances() {
    let test = "the_root_alone_as_target_is_a_service_without_instances";
    let Some(server) = Bind::start(test, 60, "_none._tcp IN SRV 0 0 0 .") else { return };
    let state = first(dns(server.port).service("_none._tcp.svc.test").unwrap().instancer()).await;
    assert!(state.is_known() && state.instances().is_empty() && state.failure().is_none(), "{state:?}");
}

#[tokio::test]
async fn an_alias_leads_to_the_records() {
    let test = "an_alias_leads_to_the_records";
    let records = "_al._tcp 1 IN CNAME _also._tcp
        _also._tcp 60 IN CNAME _few._tcp
        _few._tcp 60 IN SRV 1 0 8081 i1
        _few._tcp 60 IN SRV 1 0 8082 elsewhere.example.
        _loop._tcp IN CNAME _pool._tcp
        _pool._tcp IN CNAME _loop._tcp";
    let Some(server) = Bind::start(test, 60, records) else { return };
    let query = |name| dns(server.port).service(name).unwrap();
    let state = first(query("_al._tcp.svc.test").instancer()).await;
    assert_eq!(addresses(&state), ["elsewhere.example:8082", "i1.svc.test:8081"], "{state:?}");

    // One that leads to itself ends.
    let state = until_failure(&mut query("_loop._tcp.svc.test").instancer()).await;
    assert_eq!(state.failure().unwrap().error().code(), Code::DataLoss, "{state:?}");
}
