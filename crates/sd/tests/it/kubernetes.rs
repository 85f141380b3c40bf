//! Against a fake: a small API server that keeps to what Kubernetes' documentation says of lists and watches. That it
//! is taken for one by Kubernetes' own client for Python is a test too.

mod endpoints;
mod failure;
mod fake;
mod hostile;
mod peer;
mod watching;

use std::time::Duration;

use serde_json::{Value, json};
use towerkit_sd::kubernetes::{Discovery, Kubernetes};
use towerkit_sd::{HttpClient, RegistryBackoff};

/// A service of the server at a port, that is soon asked again.
fn addsvc(port: u16) -> Discovery {
    kubernetes(port)
        .service("addsvc")
        .backoff(RegistryBackoff::new(Duration::from_millis(20)).max(Duration::from_millis(200)))
}

fn kubernetes(port: u16) -> Kubernetes {
    Kubernetes::new(&format!("http://127.0.0.1:{port}"), HttpClient::plain()).expect("a URL")
}

/// A slice with endpoints, and one port named `http`.
fn slice(name: &str, port: u16, endpoints: &[Value]) -> Value {
    json!({
        "metadata": { "name": name, "namespace": "default", "labels": { "kubernetes.io/service-name": "addsvc" } },
        "addressType": "IPv4",
        "ports": [{ "name": "http", "port": port, "protocol": "TCP" }],
        "endpoints": endpoints,
    })
}

/// An endpoint that is ready.
fn ready(address: &str) -> Value {
    json!({ "addresses": [address], "conditions": { "ready": true, "serving": true, "terminating": false } })
}
