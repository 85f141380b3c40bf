//! Which endpoints, and what is known of them.

use serde_json::{Value, json};
use towerkit_endpoint::Code;
use towerkit_sd::kubernetes::Discovery;
use towerkit_sd::{Instance, Instancer};

use super::fake::ApiServer;
use super::{addsvc, ready, slice};
use crate::support::{until_addresses, until_true};

/// What is seen of these slices.
async fn seen(slices: &[Value], settings: impl FnOnce(Discovery) -> Discovery) -> (ApiServer, Instancer) {
    let server = ApiServer::start().await;
    slices.iter().for_each(|slice| server.put(slice.clone()));
    let mut seen = settings(addsvc(server.port())).instancer();
    seen.known().await;
    (server, seen)
}

fn addresses(instancer: &Instancer) -> Vec<String> {
    instancer.state().instances().iter().map(|instance| instance.address().to_owned()).collect()
}

fn conditions(address: &str, conditions: &Value) -> Value {
    json!({ "addresses": [address], "conditions": conditions })
}

#[tokio::test]
async fn endpoints_that_are_ready_count_and_those_that_do_not_say() {
    let endpoints = [
        ready("10.0.0.1"),
        conditions("10.0.0.2", &json!({})),
        conditions("10.0.0.3", &json!({ "ready": null })),
        conditions("10.0.0.4", &Value::Null),
        json!({ "addresses": ["10.0.0.5", "10.0.0.55"] }),
        conditions("10.0.0.6", &json!({ "ready": false })),
        conditions("10.0.0.7", &json!({ "ready": false, "serving": true })),
        conditions("10.0.0.8", &json!({ "ready": false, "serving": true, "terminating": true })),
    ];
    for settings in [|service| service, Discovery::terminating_as_last_resort] {
        let (_server, seen) = seen(&[slice("a", 1, &endpoints)], settings).await;
        assert_eq!(addresses(&seen), ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.0.4:1", "10.0.0.5:1"]);
    }
}

#[tokio::test]
async fn endpoints_that_terminate_and_serve_are_the_last_resort_where_asked_for() {
    let endpoints = [
        conditions("10.0.0.1", &json!({ "ready": false, "serving": true, "terminating": true })),
        conditions("10.0.0.2", &json!({ "ready": false, "serving": false, "terminating": true })),
        conditions("10.0.0.3", &json!({ "ready": false, "terminating": true })),
        conditions("10.0.0.4", &json!({ "ready": false, "serving": true, "terminating": false })),
    ];
    let (_server, without) = seen(&[slice("a", 1, &endpoints)], |service| service).await;
    assert!(without.state().is_known() && addresses(&without).is_empty());
    let (server, mut with) = seen(&[slice("a", 1, &endpoints)], Discovery::terminating_as_last_resort).await;
    assert_eq!(addresses(&with), ["10.0.0.1:1"]);
    server.put(slice("b", 1, &[ready("10.0.0.9")]));
    until_addresses(&mut with, &["10.0.0.9:1"]).await;
}

#[tokio::test]
async fn the_port_is_the_one_that_is_asked_for() {
    let mut one = slice("a", 1, &[ready("10.0.0.1")]);
    one["ports"] = json!([
        { "name": "dns", "port": 53, "protocol": "UDP" },
        { "name": "any", "port": null },
        { "name": "http", "port": 80 },
        { "name": "grpc", "port": 90, "protocol": "TCP" },
    ]);
    // While it is rolled out, the port of a name has two numbers.
    let mut other = slice("b", 81, &[ready("10.0.0.2")]);
    other["ports"][0]["name"] = json!("http");
    let both = [one, other];
    let by = async |settings: fn(Discovery) -> Discovery| {
        let (_server, seen) = seen(&both, settings).await;
        let state = seen.state();
        (addresses(&seen), state.failure().map(|failure| failure.error().code()))
    };
    assert_eq!(by(|service| service.port("http")).await, (vec!["10.0.0.1:80".into(), "10.0.0.2:81".into()], None));
    assert_eq!(by(|service| service.port_number(90)).await, (vec!["10.0.0.1:90".into()], None));
    let refused = (vec![], Some(Code::InvalidArgument));
    assert_eq!(by(|service| service).await, refused, "there are several");
    assert_eq!(by(|service| service.port("dns")).await, refused, "it is of UDP");
    assert_eq!(by(|service| service.port_number(53)).await, refused, "it is of UDP");
    assert_eq!(by(|service| service.port("any")).await, refused, "it has no number");
    assert_eq!(by(|service| service.port("HTTP")).await, refused, "there is none");
}

#[tokio::test]
async fn the_only_port_needs_no_name() {
    let mut one = slice("a", 1, &[ready("10.0.0.1")]);
    one["ports"] = json!([{ "port": 80 }, { "port": 53, "protocol": "UDP" }]);
    let (_server, seen) = seen(&[one], |service| service).await;
    assert_eq!(addresses(&seen), ["10.0.0.1:80"]);
}

#[tokio::test]
async fn of_a_service_with_two_families_one_is_taken() {
    let four = slice("a", 1, &[ready("10.0.0.1")]);
    let mut six = slice("b", 1, &[ready("fd00::0:1")]);
    six["addressType"] = json!("IPv6");
    let both = [four.clone(), six.clone()];
    assert_eq!(addresses(&seen(&both, |service| service).await.1), ["10.0.0.1:1"]);
    assert_eq!(addresses(&seen(&both, Discovery::prefer_ipv6).await.1), ["[fd00::1]:1"]);
    assert_eq!(addresses(&seen(&[six], |service| service).await.1), ["[fd00::1]:1"], "there is no other");
    assert_eq!(addresses(&seen(&[four], Discovery::prefer_ipv6).await.1), ["10.0.0.1:1"], "there is no other");
}

#[tokio::test]
async fn slices_are_merged_and_an_endpoint_in_two_is_one() {
    let slices = [
        slice("a", 1, &[ready("10.0.0.1"), ready("10.0.0.2")]),
        slice("b", 1, &[ready("10.0.0.2"), ready("10.0.0.3")]),
    ];
    let (server, mut seen) = seen(&slices, |service| service).await;
    assert_eq!(addresses(&seen), ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"]);
    server.delete("b");
    until_addresses(&mut seen, &["10.0.0.1:1", "10.0.0.2:1"]).await;
    server.put(slice("a", 1, &[]));
    until_addresses(&mut seen, &[]).await;
}

#[tokio::test]
async fn only_slices_of_the_service_and_the_namespace_count() {
    let mut other = slice("other", 1, &[ready("10.0.0.9")]);
    other["metadata"]["labels"]["kubernetes.io/service-name"] = json!("other");
    let mut away = slice("away", 1, &[ready("10.0.0.8")]);
    away["metadata"]["namespace"] = json!("away");
    let (server, seen) = seen(&[other, away, slice("a", 1, &[ready("10.0.0.1")])], |service| service).await;
    assert_eq!(addresses(&seen), ["10.0.0.1:1"]);
    let mut away = super::kubernetes(server.port()).namespace("away").service("addsvc").instancer();
    until_addresses(&mut away, &["10.0.0.8:1"]).await;
}

#[tokio::test]
async fn what_the_slice_says_of_an_endpoint_is_carried() {
    let mut one = ready("10.0.0.1");
    one["nodeName"] = json!("node-7");
    one["zone"] = json!("eu-1a");
    one["targetRef"] = json!({ "kind": "Pod", "name": "addsvc-5d9f" });
    let mut slice = slice("a", 1, &[one, ready("10.0.0.2")]);
    let labels = &mut slice["metadata"]["labels"];
    labels["app.kubernetes.io/version"] = json!("1.4.2");
    labels["app.kubernetes.io/name"] = json!("addsvc");
    labels["team"] = json!("sums");
    labels["endpointslice.kubernetes.io/managed-by"] = json!("endpointslice-controller.k8s.io");
    let (_server, seen) = seen(&[slice], |service| service).await;
    let plain = |host: &str| {
        let instance = Instance::new(host, 1).with_version("1.4.2");
        instance.with_label("team", "sums").with_label("app.kubernetes.io/name", "addsvc")
    };
    let first = plain("10.0.0.1").with_id("addsvc-5d9f").with_zone("eu-1a").with_label("node", "node-7");
    assert_eq!(seen.state().instances(), [first, plain("10.0.0.2")]);
}

#[tokio::test]
async fn a_service_without_slices_is_an_empty_set() {
    let (server, mut seen) = seen(&[], |service| service).await;
    assert!(seen.state().is_known() && seen.state().failure().is_none());
    let mut null = slice("a", 1, &[]);
    null["endpoints"] = Value::Null;
    null["ports"] = Value::Null;
    server.put(null);
    server.put(slice("b", 1, &[ready("10.0.0.1")]));
    until_addresses(&mut seen, &["10.0.0.1:1"]).await;
    until_true("it watches", || server.store().watching == 1).await;
}
