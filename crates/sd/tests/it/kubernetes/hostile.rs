//! What no server should say.

use std::time::Duration;

use serde_json::{Value, json};
use towerkit_endpoint::Code;

use super::fake::ApiServer;
use super::{addsvc, ready, slice};
use crate::support::{until_addresses, until_true};

#[tokio::test]
async fn a_line_that_is_no_event_is_a_failure_and_the_list_is_read_again() {
    let error =
        r#"{"type":"ERROR","object":{"kind":"Status","code":500,"reason":"InternalError","message":"etcd\u0007"}}"#;
    let lines = [
        "junk",
        "{}",
        "7",
        r#"{"type":7,"object":{}}"#,
        r#"{"type":"ADDED"}"#,
        "\u{0}",
        "{\"type\":\"ADDED\",\"object\":[",
        error,
    ];
    for line in lines {
        let server = ApiServer::start().await;
        server.put(slice("a", 8081, &[ready("10.0.0.1")]));
        let mut seen = addsvc(server.port()).instancer();
        until_addresses(&mut seen, &["10.0.0.1:8081"]).await;
        until_true("it watches", || server.store().watching == 1).await;
        let mut changes = seen.clone();
        server.inject(format!("{line}\n"));
        let failed = async { while changes.changed().await.failure().is_none() {} };
        tokio::time::timeout(crate::support::LONG, failed)
            .await
            .unwrap_or_else(|_| panic!("{line}: no failure was told"));
        until_true("it is read again", || server.count("list") == 2).await;
        server.put(slice("a", 8081, &[ready("10.0.0.2")]));
        until_addresses(&mut seen, &["10.0.0.2:8081"]).await;
        until_true("it is well again", || seen.state().failure().is_none()).await;
    }
}

#[tokio::test]
async fn a_line_without_an_end_is_a_failure_before_it_fills_the_memory() {
    let server = ApiServer::start().await;
    server.put(slice("a", 8081, &[ready("10.0.0.1")]));
    let mut seen = addsvc(server.port()).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;
    until_true("it watches", || server.store().watching == 1).await;
    server.inject(vec![b'x'; 5 * 1024 * 1024]);
    until_true("it is read again", || server.count("list") == 2).await;
    until_true("it is well again", || seen.state().failure().is_none()).await;
}

#[tokio::test]
async fn events_that_say_nothing_of_use_are_skipped() {
    let server = ApiServer::start().await;
    server.put(slice("a", 8081, &[ready("10.0.0.1")]));
    let mut seen = addsvc(server.port()).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081"]).await;
    until_true("it watches", || server.store().watching == 1).await;
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    for object in
        ["{}", "7", "null", r#"{"metadata":{"name":7}}"#, r#"{"metadata":{"name":"a","resourceVersion":7}}"#, &deep]
    {
        for kind in ["ADDED", "DELETED", "BOOKMARK", "SURPRISE"] {
            server.inject(format!("\n{{\"type\":\"{kind}\",\"object\":{object}}}\r\n\n"));
        }
    }
    server.put(slice("b", 8081, &[ready("10.0.0.2")]));
    until_addresses(&mut seen, &["10.0.0.1:8081", "10.0.0.2:8081"]).await;
    assert_eq!(server.store().requests, ["list", "watch"]);
}

#[tokio::test]
async fn a_malformed_slice_or_endpoint_does_not_fail_the_rest() {
    let server = ApiServer::start().await;
    let deep: Value = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let endpoints = [
        json!(null),
        json!(7),
        json!({}),
        json!({ "addresses": [] }),
        json!({ "addresses": "10.0.0.9" }),
        json!({ "addresses": ["node.example"] }),
        json!({ "addresses": ["10.0.0.9/24"] }),
        json!({ "addresses": ["10.0.0.9", 7] }),
        json!({ "addresses": ["10.0.0.9"], "conditions": { "ready": "yes" } }),
        json!({ "addresses": ["10.0.0.9"], "zone": deep }),
        ready("10.0.0.1"),
    ];
    let mut odd = slice("a", 8081, &endpoints);
    odd["ports"].as_array_mut().expect("ports").extend([
        json!(7),
        json!({ "port": 70000 }),
        json!({ "port": 0 }),
        json!({ "port": -1 }),
    ]);
    odd["metadata"]["labels"]["long"] = json!("x".repeat(100_000));
    server.put(odd);
    for (name, what) in [("b", "endpoints"), ("c", "ports")] {
        let mut bad = slice(name, 8081, &[ready("10.0.0.9")]);
        bad[what] = json!("junk");
        server.put(bad);
    }
    server.put(slice("d", 8081, &[ready("10.0.0.2")]));
    let mut seen = addsvc(server.port()).instancer();
    until_addresses(&mut seen, &["10.0.0.1:8081", "10.0.0.2:8081"]).await;
    assert_eq!(seen.state().instances()[0].label("long"), None);
}

#[tokio::test]
async fn a_malformed_list_is_a_failure() {
    let lists = [
        "",
        "junk",
        "[]",
        r#"{"items":[]}"#,
        r#"{"metadata":{"resourceVersion":7},"items":[]}"#,
        r#"{"metadata":{"resourceVersion":""}}"#,
    ];
    for list in lists {
        let server = ApiServer::start().await;
        server.store().list = Some(list.to_owned());
        let state = addsvc(server.port()).instancer().known().await;
        assert_eq!(
            state.failure().unwrap_or_else(|| panic!("{list}: {state:?}")).error().code(),
            Code::DataLoss,
            "{list}"
        );
        assert!(!state.is_known());
    }
}

#[tokio::test]
async fn a_list_without_an_end_is_a_failure() {
    let server = ApiServer::start().await;
    server.store().list = Some(r#"{"metadata":{"resourceVersion":"7","continue":"7.1"},"items":[]}"#.to_owned());
    let seen = addsvc(server.port()).instancer();
    until_true("the failure is told", || seen.state().failure().is_some()).await;
    assert!(server.store().requests.len() <= 2000);

    let server = ApiServer::start().await;
    let endpoints: Vec<Value> = (0..1000).map(|n| ready(&format!("10.0.{}.{}", n / 256, n % 256))).collect();
    for n in 0..101 {
        server.put(slice(&format!("s{n}"), 8081, &endpoints));
    }
    let mut seen = addsvc(server.port()).instancer();
    let state = tokio::time::timeout(Duration::from_secs(30), seen.known()).await.expect("an answer");
    assert_eq!(state.failure().expect("there are too many").error().code(), Code::DataLoss);
}
