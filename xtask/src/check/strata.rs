//! Who may depend on whom.

use anyhow::Result;
use serde_json::Value;

use super::Findings;
use crate::workspace;

/// What the core must not know, however deep.
const FOREIGN_TO_ENDPOINT: [(&str, &str); 15] = [
    ("hyper", "a transport"),
    ("hyper-util", "a transport"),
    ("h2", "a transport"),
    ("tonic", "a transport"),
    ("prost", "a transport's codec"),
    ("axum", "a transport"),
    ("tower-http", "a transport"),
    ("async-nats", "a transport"),
    ("mio", "runtime I/O"),
    ("socket2", "runtime I/O"),
    ("async-io", "runtime I/O"),
    ("serde", "serde"),
    ("serde_core", "serde"),
    ("serde_json", "serde"),
    ("serde_derive", "serde"),
];

pub fn endpoint() -> Result<Findings> {
    let tree = workspace::output(workspace::cargo().args([
        "tree",
        "--package",
        "towerkit-endpoint",
        "--edges",
        "normal",
        // Whatever is switched on, and wherever it is built.
        "--all-features",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    Ok(foreign(&tree))
}

fn foreign(tree: &str) -> Findings {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let mut findings: Findings = names
        .filter_map(|name| {
            let ours = name.starts_with("towerkit-") && name != "towerkit-endpoint";
            let what = FOREIGN_TO_ENDPOINT.iter().find(|(foreign, _)| *foreign == name).map(|(_, what)| *what);
            what.or_else(|| ours.then_some("another crate of the project")).map(|what| format!("{name} is {what}"))
        })
        .collect();
    findings.sort();
    findings.dedup();
    findings
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stratum {
    Core,
    Lifecycle,
    Testing,
    /// What layers have in common, and the core has no use for.
    Common,
    Layer,
    Transport,
    /// A transport whose protocol stands on HTTP.
    OverHttp,
    Facade,
}

use Stratum::{Common, Core, Facade, Layer, Lifecycle, OverHttp, Testing, Transport};

/// Every crate of the design has its place, before it is there.
const STRATA: [(&str, Stratum); 16] = [
    ("towerkit-endpoint", Core),
    ("towerkit-lifecycle", Lifecycle),
    ("towerkit-testing", Testing),
    ("towerkit-http-client", Common),
    ("towerkit-transport-http", Transport),
    ("towerkit-transport-grpc", OverHttp),
    ("towerkit-transport-nats", Transport),
    ("towerkit-auth", Layer),
    ("towerkit-log", Layer),
    ("towerkit-metrics", Layer),
    ("towerkit-tracing", Layer),
    ("towerkit-sd", Layer),
    ("towerkit-circuitbreaker", Layer),
    ("towerkit-ratelimit", Layer),
    ("towerkit-retry", Layer),
    ("towerkit", Facade),
];

const fn may_depend(from: Stratum, on: Stratum) -> bool {
    match from {
        Core | Testing => false,
        Lifecycle | Common => matches!(on, Core),
        // A registration is a member of a group, and a server too.
        Layer => matches!(on, Core | Lifecycle | Common),
        Transport => matches!(on, Core | Lifecycle),
        OverHttp => matches!(on, Core | Lifecycle | Transport),
        // It is what one names in place of all of them.
        Facade => true,
    }
}

pub fn edges() -> Result<Findings> {
    Ok(workspace::packages()?.iter().flat_map(wrong_edges).collect())
}

fn wrong_edges(package: &Value) -> Findings {
    let name = package["name"].as_str().unwrap_or_default();
    let in_crates = package["manifest_path"].as_str().is_some_and(|path| path.contains("/crates/"));
    if !in_crates {
        return Findings::new();
    }
    let stratum_of = |name: &str| STRATA.iter().find(|(known, _)| *known == name).map(|(_, stratum)| *stratum);
    let Some(from) = stratum_of(name) else {
        return vec![format!("{name} has no place in the table of strata")];
    };
    let dependencies = package["dependencies"].as_array().cloned().unwrap_or_default();
    let built_with = dependencies.iter().filter(|dependency| dependency["kind"] != "dev");
    built_with
        .filter_map(|dependency| {
            let on_name = dependency["name"].as_str()?;
            let on = stratum_of(on_name)?;
            (!may_depend(from, on)).then(|| format!("{name} ({from:?}) depends on {on_name} ({on:?})"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_transport_or_serde_below_the_core_is_found() {
        assert_eq!(foreign("towerkit-endpoint v0.1.0 (/x)\nhttp v1.5.0\nhyper v1.12.0\nserde v1.0.0 (*)\n").len(), 2);
        assert_eq!(foreign("towerkit-endpoint v0.1.0\ntowerkit-lifecycle v0.1.0").len(), 1);
        assert!(foreign("towerkit-endpoint v0.1.0\nhttp v1.5.0\ntokio v1.54.1").is_empty());
    }

    #[test]
    fn what_is_found_at_several_places_is_told_once() {
        assert_eq!(
            foreign("hyper v1.12.0\nserde v1.0.0\nhyper v1.12.0 (*)\n"),
            ["hyper is a transport", "serde is serde"]
        );
    }

    fn package(name: &str, on: &str, kind: Option<&str>) -> Value {
        json!({
            "name": name,
            "manifest_path": "/w/crates/x/Cargo.toml",
            "dependencies": [{ "name": on, "kind": kind }],
        })
    }

    #[test]
    fn an_edge_against_the_strata_is_found() {
        assert_eq!(wrong_edges(&package("towerkit-retry", "towerkit-ratelimit", None)).len(), 1);
        assert_eq!(wrong_edges(&package("towerkit-endpoint", "towerkit-transport-http", None)).len(), 1);
        assert_eq!(wrong_edges(&package("towerkit-lifecycle", "towerkit-transport-http", None)).len(), 1);
        assert_eq!(wrong_edges(&package("towerkit-retry", "towerkit-ratelimit", Some("build"))).len(), 1);
        assert_eq!(wrong_edges(&package("towerkit-transport-http", "towerkit-transport-grpc", None)).len(), 1);
        assert_eq!(wrong_edges(&package("towerkit-unheard-of", "serde", None)).len(), 1);
    }

    #[test]
    fn the_http_client_is_for_layers_and_stands_on_the_core_alone() {
        for on in ["towerkit-lifecycle", "towerkit-sd", "towerkit-transport-http", "towerkit-testing"] {
            assert_eq!(wrong_edges(&package("towerkit-http-client", on, None)).len(), 1, "{on}");
        }
        for from in ["towerkit-endpoint", "towerkit-lifecycle", "towerkit-transport-nats", "towerkit-transport-grpc"] {
            assert_eq!(wrong_edges(&package(from, "towerkit-http-client", None)).len(), 1, "{from}");
        }
        assert!(wrong_edges(&package("towerkit-http-client", "towerkit-endpoint", None)).is_empty());
        assert!(wrong_edges(&package("towerkit-auth", "towerkit-http-client", None)).is_empty());
    }

    #[test]
    fn a_layer_and_a_transport_know_neither_each_other_nor_what_is_for_tests() {
        for on in ["towerkit-transport-http", "towerkit-transport-grpc", "towerkit-testing", "towerkit"] {
            assert_eq!(wrong_edges(&package("towerkit-retry", on, None)).len(), 1, "{on}");
        }
        for on in ["towerkit-retry", "towerkit-testing", "towerkit", "towerkit-transport-nats"] {
            assert_eq!(wrong_edges(&package("towerkit-transport-http", on, None)).len(), 1, "{on}");
        }
        for on in ["towerkit-retry", "towerkit-testing", "towerkit"] {
            assert_eq!(wrong_edges(&package("towerkit-transport-grpc", on, None)).len(), 1, "{on}");
        }
    }

    #[test]
    fn what_is_no_crate_of_the_toolkit_may_depend_on_any() {
        let mut example = package("addsvc", "towerkit-testing", None);
        example["manifest_path"] = json!("/w/examples/addsvc/Cargo.toml");
        assert!(wrong_edges(&example).is_empty());
    }

    #[test]
    fn edges_with_the_strata_and_edges_of_tests_pass() {
        assert!(wrong_edges(&package("towerkit-transport-http", "towerkit-endpoint", None)).is_empty());
        assert!(wrong_edges(&package("towerkit-transport-grpc", "towerkit-transport-http", None)).is_empty());
        assert!(wrong_edges(&package("towerkit-retry", "towerkit-ratelimit", Some("dev"))).is_empty());
        assert!(wrong_edges(&package("towerkit-sd", "towerkit-lifecycle", None)).is_empty());
        assert!(wrong_edges(&package("towerkit", "towerkit-transport-grpc", None)).is_empty());
    }
}
