//! In Consul: where it is registered, and found.

use std::time::Instant;

use profilesvc::client;
use profilesvc::service::Profile;
use serde_json::{Value, json};
use towerkit::endpoint::Endpoint;
use towerkit::sd::Instancer;
use towerkit_testing::consul::Consul;
use towerkit_testing::http::send;

use crate::running::{JSON, Profilesvc, SOON};

/// An instance that is registered.
fn service(consul: &Consul, flags: &[&str]) -> Profilesvc {
    let mut service = Profilesvc::start(&[&["--consul-addr", &*consul.address()], flags].concat());
    service.process.wait_until_said("profilesvc in the registry: registered", 1, SOON);
    service
}

/// Where the client looks for instances.
fn instancer(consul: &Consul) -> Instancer {
    client::instancer(&towerkit::sd::consul::Consul::new(&consul.address()).unwrap())
}

/// Registers another instance by hand, whose check passes or fails for as long as the agent lives.
fn register(consul: &Consul, tag: &str, status: &str) {
    let check = json!({ "TTL": "1h", "Status": status });
    let id = format!("{tag}-{status}");
    let body =
        json!({ "ID": id, "Name": "profilesvc", "Address": "127.0.0.1", "Port": 1, "Tags": [tag], "Check": check });
    let port = consul.address().rsplit_once(':').unwrap().1.parse().unwrap();
    assert_eq!(send(port, "PUT", "/v1/agent/service/register", JSON, &body.to_string()).status, 200);
}

/// The addresses of what is registered as healthy, with their tags.
fn registered(consul: &Consul) -> Vec<(String, Value)> {
    let entries: Vec<Value> = serde_json::from_str(&consul.passing("profilesvc")).unwrap();
    let instance = |entry: &Value| {
        let service = &entry["Service"];
        (format!("{}:{}", service["Address"].as_str().unwrap(), service["Port"]), service["Tags"].clone())
    };
    entries.iter().map(instance).collect()
}

#[test]
fn it_is_registered_with_its_tag_and_taken_back_at_the_stop() {
    let Some(consul) = Consul::start("it_is_registered_with_its_tag_and_taken_back_at_the_stop") else { return };
    let service = service(&consul, &["--linger", "0"]);
    assert_eq!(registered(&consul), [(service.address(), json!(["prod"]))]);
    assert!(service.process.terminate(SOON).success());
    assert_eq!(registered(&consul), []);
}

#[test]
fn what_it_advertises_stands_in_consul() {
    let Some(consul) = Consul::start("what_it_advertises_stands_in_consul") else { return };
    let service = service(&consul, &["--advertise", "localhost"]);
    assert_eq!(registered(&consul)[0].0, format!("localhost:{}", service.port));
}

#[tokio::test]
async fn the_client_calls_the_healthy_instances_that_have_the_tag_and_no_others() {
    let test = "the_client_calls_the_healthy_instances_that_have_the_tag_and_no_others";
    let Some(consul) = Consul::start(test) else { return };
    register(&consul, "staging", "passing");
    register(&consul, "prod", "critical");
    let services = [service(&consul, &[]), service(&consul, &[])];
    for (service, name) in services.iter().zip(["a", "b"]) {
        service.good("POST", "/profiles/", &format!(r#"{{"id":"1","name":"{name}"}}"#), "{}");
    }

    let mut instancer = instancer(&consul);
    let mut found: Vec<_> = instancer.known().await.instances().iter().map(|one| one.address().to_owned()).collect();
    found.sort();
    let mut there = services.each_ref().map(Profilesvc::address);
    there.sort();
    assert_eq!(found, there);

    let client = client::connect(instancer);
    let mut names = String::new();
    for _ in 0..4 {
        names += &client.get_profile.invoke("1".to_owned()).await.unwrap().name;
    }
    assert!(names == "abab" || names == "baba", "{names}");
}

#[tokio::test]
async fn the_client_learns_of_instances_that_come_and_go() {
    let Some(consul) = Consul::start("the_client_learns_of_instances_that_come_and_go") else { return };
    let client = client::connect(instancer(&consul));
    let profile = || Profile { id: "1".to_owned(), ..Default::default() };
    let none = client.put_profile.invoke(("1".to_owned(), profile())).await.unwrap_err();
    assert_eq!(none.message(), "no instance of the service is available");

    let mut first = service(&consul, &["--linger", "1"]);
    let start = Instant::now();
    while client.put_profile.invoke(("1".to_owned(), profile())).await.is_err() {
        assert!(start.elapsed() < SOON, "it is not found");
    }
    let second = service(&consul, &[]);
    second.good("PUT", "/profiles/1", r#"{"id":"1","name":"second"}"#, "{}");
    // It is taken out of the registry, and serves on for a second: no call fails meanwhile.
    first.process.signal("TERM");
    let start = Instant::now();
    let mut last = 0;
    while last < 10 {
        let found = client.get_profile.invoke("1".to_owned()).await.unwrap();
        last = if found.name == "second" { last + 1 } else { 0 };
        assert!(start.elapsed() < SOON, "the first one is still called");
    }
    assert!(first.process.ended(SOON).0.success());
}
