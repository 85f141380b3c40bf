use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{REGISTRY, VERSION, WEIGHT, ZONE};
use crate::exchange::Reply;
use crate::{Instance, RegistryError};

/// One of the entries that `/v1/health/service/` answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    node: Node,
    service: Service,
    #[serde(default)]
    checks: Option<Vec<Check>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(default)]
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    #[serde(rename = "ID", default)]
    id: String,
    #[serde(default)]
    address: String,
    port: u16,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    meta: Option<BTreeMap<String, String>>,
    #[serde(default)]
    weights: Option<Weights>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Weights {
    passing: u32,
    warning: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Check {
    #[serde(default)]
    status: String,
}

/// Each tag that is added is compared with those before it.
const MOST_TAGS: usize = 1000;

/// The instances of an answer. An entry that can't be read, or that has no port, is left out; where that are all of
/// them, the answer is no answer.
pub(super) fn instances(reply: &Reply) -> Result<Vec<Instance>, RegistryError> {
    let entries: Vec<&RawValue> = reply.json()?;
    let instances: Vec<_> = entries.iter().filter_map(|entry| instance(entry.get())).collect();
    if instances.is_empty() && !entries.is_empty() {
        let what = format!("none of {} entries is an instance with an address and a port", entries.len());
        return Err(RegistryError::malformed(REGISTRY, what));
    }
    Ok(instances)
}

fn instance(entry: &str) -> Option<Instance> {
    let Entry { node, service, checks } = serde_json::from_str(entry).ok()?;
    let tags = service.tags.unwrap_or_default();
    if tags.len() > MOST_TAGS {
        return None;
    }
    let host = if service.address.is_empty() { &node.address } else { &service.address };
    let mut instance = at(host, service.port)?;
    if !service.id.is_empty() {
        instance = instance.with_id(service.id);
    }
    let passes = checks.iter().flatten().all(|check| check.status == "passing");
    if let Some(weights) = service.weights {
        let weight = if passes { weights.passing } else { weights.warning };
        instance = instance.with_weight(weight.saturating_mul(Instance::DEFAULT_WEIGHT));
    }
    for tag in tags {
        instance = instance.with_tag(tag);
    }
    for (name, value) in service.meta.into_iter().flatten() {
        instance = match (&*name, value.parse()) {
            (ZONE, _) => instance.with_zone(value),
            (VERSION, _) => instance.with_version(value),
            (WEIGHT, Ok(weight)) if passes => instance.with_weight(weight),
            (WEIGHT, Ok(_)) => instance,
            _ => instance.with_label(name, value),
        };
    }
    Some(instance)
}

fn at(host: &str, port: u16) -> Option<Instance> {
    if port != 0 && host.parse::<Ipv6Addr>().is_ok() {
        return Some(Instance::new(host, port));
    }
    format!("{host}:{port}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(service: &str) -> Option<Instance> {
        instance(&format!(
            r#"{{"Node":{{"Address":"10.0.0.1"}},"Service":{{{service}}},"Checks":[{{"Status":"passing"}}]}}"#
        ))
    }

    #[test]
    fn the_address_of_the_service_goes_before_that_of_its_node() {
        assert_eq!(with(r#""Address":"10.0.0.2","Port":80"#).unwrap().address(), "10.0.0.2:80");
        assert_eq!(with(r#""Address":"","Port":80"#).unwrap().address(), "10.0.0.1:80");
        assert_eq!(with(r#""Port":80"#).unwrap().address(), "10.0.0.1:80");
        assert_eq!(with(r#""Address":"fd00::1","Port":80"#).unwrap().address(), "[fd00::1]:80");
        assert_eq!(with(r#""Address":"node-7.example","Port":80"#).unwrap().address(), "node-7.example:80");
    }

    #[test]
    fn what_is_known_of_it_is_taken_over() {
        let it = with(
            r#""ID":"it","Port":80,"Tags":["a","b","a"],"Weights":{"Passing":3,"Warning":1},
               "Meta":{"zone":"eu-1a","version":"1.2","team":"blue"}"#,
        );
        let it = it.unwrap();
        assert_eq!((it.id(), it.zone(), it.version(), it.weight()), ("it", Some("eu-1a"), Some("1.2"), 300));
        assert_eq!(it.tags(), ["a", "b"]);
        assert_eq!(it.labels().iter().collect::<Vec<_>>(), [(&"team".to_owned(), &"blue".to_owned())]);
    }

    #[test]
    fn consuls_own_weight_is_ours_that_says_nothing() {
        assert_eq!(
            with(r#""Port":80,"Weights":{"Passing":1,"Warning":1}"#).unwrap().weight(),
            Instance::DEFAULT_WEIGHT
        );
        assert_eq!(with(r#""Port":80"#).unwrap().weight(), Instance::DEFAULT_WEIGHT);
        assert_eq!(with(r#""Port":80,"Weights":{"Passing":4294967295,"Warning":1}"#).unwrap().weight(), u32::MAX);
        let exact = with(r#""Port":80,"Weights":{"Passing":1,"Warning":1},"Meta":{"weight":"130"}"#).unwrap();
        assert_eq!((exact.weight(), exact.labels().len()), (130, 0));
        let text = with(r#""Port":80,"Weights":{"Passing":2,"Warning":1},"Meta":{"weight":"heavy"}"#).unwrap();
        assert_eq!((text.weight(), text.label("weight")), (200, Some("heavy")));
    }

    #[test]
    fn one_whose_checks_do_not_all_pass_has_the_weight_for_warning() {
        let it = instance(
            r#"{"Node":{"Address":"10.0.0.1"},"Service":{"Port":80,
                "Weights":{"Passing":10,"Warning":2},"Meta":{"weight":"999"}},
                "Checks":[{"Status":"passing"},{"Status":"warning"}]}"#,
        );
        assert_eq!(it.unwrap().weight(), 200);
    }

    #[test]
    fn what_can_not_be_called_is_no_instance() {
        let tags = format!(r#""Port":80,"Tags":[{}"x"]"#, r#""x","#.repeat(MOST_TAGS));
        let bad = [
            r#""Port":0"#,
            r#""Port":70000"#,
            r#""Port":-1"#,
            r#""Port":"80""#,
            r#""Address":"10.0.0.2""#,
            r#""Address":"a b","Port":80"#,
            r#""Address":"host/path","Port":80"#,
            r#""Address":"user@host","Port":80"#,
            r#""Address":"::1]:9","Port":80"#,
            r#""Address":"fd00::1","Port":0"#,
            r#""Address":7,"Port":80"#,
            r#""Port":80,"Meta":{"zone":7}"#,
            r#""Port":80,"Weights":{"Passing":-1,"Warning":1}"#,
            &tags,
        ];
        for service in bad {
            assert_eq!(with(service), None, "{service:.60}");
        }
        for entry in ["null", "7", "{}", r#"{"Service":{"Port":80}}"#, r#"{"Node":null,"Service":{"Port":80}}"#, "[]"] {
            assert_eq!(instance(entry), None, "{entry}");
        }
        assert_eq!(instance(r#"{"Node":{},"Service":{"Port":80}}"#), None, "it has no address at all");
    }

    #[test]
    fn null_stands_for_none() {
        assert!(with(r#""Port":80,"Tags":null,"Meta":null,"Weights":null"#).is_some());
        assert!(instance(r#"{"Node":{"Address":"h"},"Service":{"Port":80},"Checks":null}"#).is_some());
    }
}
