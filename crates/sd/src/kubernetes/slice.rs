//! One EndpointSlice.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::discovery::{Pick, Port};
use crate::Instance;

/// What the label is called by which a Service says its version.
const VERSION: &str = "app.kubernetes.io/version";
/// The label for the name of the node.
const NODE: &str = "node";

/// The most labels that are read of a slice: each endpoint gets them all.
const MOST_LABELS: usize = 64;

/// What is wanted of a slice.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) endpoints: Vec<Endpoint>,
    /// Whether it has several ports, and nobody said which.
    pub(super) is_ambiguous: bool,
    /// Whether it has endpoints, and not the port that was asked for.
    pub(super) lacks_port: bool,
}

#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) instance: Instance,
    pub(super) is_ipv6: bool,
    /// Or else it terminates, and serves.
    pub(super) is_ready: bool,
}

/// Of any object: what it is called, and which version of all there is this is.
#[derive(Default, Deserialize)]
pub(super) struct Object {
    #[serde(default)]
    pub(super) metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: Option<String>,
    pub(super) resource_version: Option<String>,
}

impl Object {
    pub(super) fn read(object: &RawValue) -> Option<Self> {
        serde_json::from_str(object.get()).ok()
    }
}

#[derive(Deserialize)]
struct SliceObject {
    #[serde(default)]
    metadata: SliceMetadata,
    endpoints: Option<Vec<Box<RawValue>>>,
    ports: Option<Vec<Box<RawValue>>>,
}

#[derive(Default, Deserialize)]
struct SliceMetadata {
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointObject {
    addresses: Vec<String>,
    #[serde(default)]
    conditions: Option<Conditions>,
    node_name: Option<String>,
    zone: Option<String>,
    target_ref: Option<TargetRef>,
}

#[derive(Default, Deserialize)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

#[derive(Deserialize)]
struct TargetRef {
    name: Option<String>,
}

#[derive(Deserialize)]
struct PortObject {
    name: Option<String>,
    port: Option<u16>,
    protocol: Option<String>,
}

impl Slice {
    /// What cannot be understood in it is skipped; none where that is all of it.
    pub(super) fn read(object: &RawValue, pick: &Pick) -> Option<Self> {
        let slice: SliceObject = serde_json::from_str(object.get()).ok()?;
        let endpoints = slice.endpoints.unwrap_or_default();
        let labels = wanted_labels(slice.metadata.labels.unwrap_or_default());
        let ports: Vec<PortObject> = read_all(&slice.ports.unwrap_or_default());
        let (port, is_ambiguous) = pick.port.of(&ports);
        let wanted = |port| {
            let endpoints = read_all::<EndpointObject>(&endpoints).into_iter();
            endpoints.filter_map(|endpoint| endpoint.pick(port, &labels)).collect()
        };
        Some(Self {
            lacks_port: port.is_none() && !is_ambiguous && !endpoints.is_empty(),
            endpoints: port.map(wanted).unwrap_or_default(),
            is_ambiguous,
        })
    }
}

/// Those that a Service has, and not those of Kubernetes itself. Of both name and value Kubernetes allows no more
/// (Labels and Selectors, Syntax).
fn wanted_labels(labels: BTreeMap<String, String>) -> Vec<(String, String)> {
    let is_wanted = |name: &str| {
        let prefix = name.split_once('/').map_or("", |(prefix, _)| prefix);
        prefix.starts_with("app.") || !(prefix == "kubernetes.io" || prefix.ends_with(".kubernetes.io"))
    };
    let labels = labels.into_iter().filter(|(name, value)| name.len() <= 317 && value.len() <= 63 && is_wanted(name));
    labels.take(MOST_LABELS).collect()
}

fn read_all<T: serde::de::DeserializeOwned>(texts: &[Box<RawValue>]) -> Vec<T> {
    texts.iter().filter_map(|text| serde_json::from_str(text.get()).ok()).collect()
}

impl Port {
    /// The one of these that is meant, and whether several may be.
    fn of(&self, ports: &[PortObject]) -> (Option<u16>, bool) {
        // Where no protocol is named it is TCP, and where there is no number any port will do: that is for others to
        // use.
        let mut usable =
            ports.iter().filter(|port| port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP")).filter_map(
                |port| Some((port.name.as_deref().unwrap_or_default(), port.port.filter(|number| *number != 0)?)),
            );
        match self {
            Self::Only => {
                let first = usable.next().map(|(_, number)| number);
                if usable.next().is_some() { (None, true) } else { (first, false) }
            }
            Self::Named(wanted) => (usable.find(|(name, _)| name == wanted).map(|(_, number)| number), false),
            Self::Number(wanted) => (usable.any(|(_, number)| number == *wanted).then_some(*wanted), false),
        }
    }
}

impl EndpointObject {
    /// The endpoint, where it can be called.
    fn pick(self, port: u16, labels: &[(String, String)]) -> Option<Endpoint> {
        let conditions = self.conditions.unwrap_or_default();
        let is_ready = conditions.ready.unwrap_or(true);
        // One that says nothing of it serves as long as it is ready.
        let is_last_resort = conditions.terminating == Some(true) && conditions.serving.unwrap_or(is_ready);
        if !is_ready && !is_last_resort {
            return None;
        }
        // They are alike. Names have no place among them any more.
        let address: IpAddr = self.addresses.first()?.parse().ok()?;
        let mut instance = Instance::new(&address.to_string(), port);
        for (name, value) in labels {
            instance = match name.as_str() {
                VERSION => instance.with_version(value),
                name => instance.with_label(name, value),
            };
        }
        if let Some(name) = self.target_ref.and_then(|target| target.name).filter(|name| !name.is_empty()) {
            instance = instance.with_id(name);
        }
        if let Some(zone) = self.zone {
            instance = instance.with_zone(zone);
        }
        if let Some(node) = self.node_name {
            instance = instance.with_label(NODE, node);
        }
        Some(Endpoint { instance, is_ipv6: address.is_ipv6(), is_ready })
    }
}
