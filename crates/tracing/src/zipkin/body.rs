//! What is done to the JSON of spans on its way: the exporter knows neither services nor remote endpoints.

use std::net::IpAddr;

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// The spans, each with its service and its remote endpoint, roots without a parent.
pub(super) fn mended(spans: &[u8], service: Option<&str>) -> Result<Vec<u8>, serde_json::Error> {
    let mut spans: Vec<Object> = serde_json::from_slice(spans)?;
    for span in &mut spans {
        if span.get("parentId").and_then(Value::as_str).is_some_and(|id| id.bytes().all(|digit| digit == b'0')) {
            span.remove("parentId");
        }
        // Zipkin takes none at all for unknown.
        if span.get("duration").and_then(Value::as_u64) == Some(0) {
            span.insert("duration".into(), 1.into());
        }
        if let (Some(service), Some(local)) = (service, span.get_mut("localEndpoint").and_then(Value::as_object_mut)) {
            local.insert("serviceName".into(), service.into());
        }
        if let Some(remote) = remote(span) {
            span.insert("remoteEndpoint".into(), remote.into());
        }
    }
    serde_json::to_vec(&spans)
}

/// The other side of a call, by the tags of the span.
fn remote(span: &Object) -> Option<Object> {
    let tag = |name: &str| span.get("tags")?.get(name)?.as_str().filter(|value| !value.is_empty());
    let address = |name: &str| tag(name)?.parse::<IpAddr>().ok();
    let is_call = match span.get("kind").and_then(Value::as_str)? {
        "CLIENT" | "PRODUCER" => true,
        "SERVER" | "CONSUMER" => false,
        _ => return None,
    };
    // An address is no name: in the graph of services each instance would stand by itself.
    let server = tag("server.address").filter(|_| address("server.address").is_none());
    let name = tag("peer.service").or(server).filter(|_| is_call);
    let [other_address, other_port] =
        if is_call { ["server.address", "server.port"] } else { ["client.address", "client.port"] };
    let (address, port) = match address("network.peer.address") {
        Some(address) => (Some(address), "network.peer.port"),
        None => (address(other_address), other_port),
    };
    let port = tag(port).and_then(|port| port.parse::<u16>().ok()).filter(|_| name.is_some() || address.is_some());

    let mut remote = Object::new();
    remote.extend(name.map(|name| ("serviceName".to_owned(), name.into())));
    remote.extend(address.map(|address| {
        let version = if address.is_ipv4() { "ipv4" } else { "ipv6" };
        (version.to_owned(), address.to_string().into())
    }));
    remote.extend(port.map(|port| ("port".to_owned(), port.into())));
    (!remote.is_empty()).then_some(remote)
}
