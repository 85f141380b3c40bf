//! An instance as Eureka's JSON has it.
//!
//! Its servers write XML turned into JSON, and not all of them alike: a list of one may be without its brackets,
//! numbers and truth may stand in quotes, a port is an object of two odd names.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{REGISTRY, Status};
use crate::exchange::Reply;
use crate::{Instance, RegistryError};

/// The longest entry that is read, in bytes: one has about a thousand.
const LONGEST_ENTRY: usize = 1024 * 1024;
/// The most tags that are read of an instance.
const MOST_TAGS: usize = 256;

/// Metadata that have a meaning here.
pub(super) const ZONE: &str = "zone";
pub(super) const VERSION: &str = "version";
pub(super) const WEIGHT: &str = "weight";
pub(super) const TAGS: &str = "tags";

#[derive(Deserialize)]
struct Answer {
    application: Application,
}

#[derive(Deserialize)]
struct Application {
    instance: Option<Box<RawValue>>,
}

/// The entries of an application that can be read.
pub(super) fn read(reply: &Reply) -> Result<Vec<Value>, RegistryError> {
    let Some(instances) = reply.json::<Answer>()?.application.instance else { return Ok(Vec::new()) };
    let entries: Vec<Box<RawValue>> = if instances.get().starts_with('[') {
        serde_json::from_str(instances.get()).unwrap_or_default()
    } else {
        vec![instances]
    };
    let read: Vec<Value> = entries.iter().filter_map(|text| entry(text)).collect();
    if read.is_empty() && !entries.is_empty() {
        return Err(RegistryError::malformed(REGISTRY, format!("none of {} entries can be understood", entries.len())));
    }
    Ok(read)
}

/// One that says in which state it is, which each does.
fn entry(text: &RawValue) -> Option<Value> {
    let text = text.get();
    let entry: Value = if text.len() > LONGEST_ENTRY { return None } else { serde_json::from_str(text).ok()? };
    entry.get("status")?.is_string().then_some(entry)
}

/// Which instances, and which of their addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Pick {
    /// Beside UP.
    pub(super) statuses: Vec<Status>,
    pub(super) secure_port: bool,
    pub(super) host_name: bool,
}

impl Pick {
    /// The instance of an entry, where it has a usable one that is wanted.
    pub(super) fn instance(&self, entry: &Value) -> Option<Instance> {
        let status = Status::read(entry.get("status")?.as_str()?);
        if status != Status::Up && !self.statuses.contains(&status) {
            return None;
        }
        let hosts = if self.host_name { ["hostName", "ipAddr"] } else { ["ipAddr", "hostName"] };
        let port = enabled_port(entry.get(if self.secure_port { "securePort" } else { "port" })?)?;
        let mut instance = hosts.iter().find_map(|host| address(&text(entry.get(host)?)?, port))?;
        // Of old servers, and of some clients, there is none.
        if let Some(id) = entry.get("instanceId").and_then(text).filter(|id| !id.is_empty()) {
            instance = instance.with_id(id);
        }
        if let Some(zone) = entry.pointer("/dataCenterInfo/metadata/availability-zone").and_then(text) {
            instance = instance.with_zone(zone);
        }
        for (name, value) in entry.get("metadata").and_then(Value::as_object).into_iter().flatten() {
            instance = match text(value) {
                // What XML had as attributes, such as the class of the map.
                _ if name.starts_with('@') => instance,
                Some(value) => describe(instance, name, value),
                None => instance,
            };
        }
        Some(instance)
    }
}

fn describe(instance: Instance, name: &str, value: String) -> Instance {
    match name {
        ZONE => instance.with_zone(value),
        VERSION => instance.with_version(value),
        WEIGHT => match value.trim().parse() {
            Ok(weight) => instance.with_weight(weight),
            Err(_) => instance.with_label(name, value),
        },
        TAGS => {
            let tags = value.split(',').map(str::trim).filter(|tag| !tag.is_empty());
            tags.take(MOST_TAGS).fold(instance, Instance::with_tag)
        }
        _ => instance.with_label(name, value),
    }
}

/// The metadata of an instance.
pub(super) fn metadata(instance: &Instance) -> BTreeMap<String, String> {
    let mut metadata = instance.labels().clone();
    let mut set = |name: &str, value: Option<String>| value.map(|value| metadata.insert(name.to_owned(), value));
    set(ZONE, instance.zone().map(str::to_owned));
    set(VERSION, instance.version().map(str::to_owned));
    set(WEIGHT, (instance.weight() != Instance::DEFAULT_WEIGHT).then(|| instance.weight().to_string()));
    set(TAGS, (!instance.tags().is_empty()).then(|| instance.tags().join(",")));
    metadata
}

/// At a host that is a name or an address.
fn address(host: &str, port: u16) -> Option<Instance> {
    if host.parse::<Ipv6Addr>().is_ok() {
        return Some(Instance::new(host, port));
    }
    format!("{host}:{port}").parse().ok()
}

/// `8080`, `"8080"`, or `{"$": 8080, "@enabled": "true"}`. One that does not say whether it is enabled is.
fn enabled_port(port: &Value) -> Option<u16> {
    let number = match port {
        Value::Object(port) => {
            let enabled = port.get("@enabled").and_then(text);
            if enabled.is_some_and(|enabled| enabled.eq_ignore_ascii_case("false")) {
                return None;
            }
            port.get("$")?
        }
        number => number,
    };
    text(number)?.trim().parse().ok().filter(|port| *port != 0)
}

/// What is written with quotes or without.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
