//! The facade has each crate, by a feature and a name, and a feature for each feature of a crate that a user may want.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::Findings;
use crate::workspace;

/// Features that others are made of.
const INNER: [&str; 5] = ["bench", "default", "http-client", "http2", "push"];

pub fn check(root: &Path) -> Result<Findings> {
    let packages = workspace::packages()?;
    let in_crates = root.join("crates");
    let crates = packages.iter().filter(|package| {
        package["manifest_path"].as_str().is_some_and(|path| Path::new(path).starts_with(&in_crates))
    });
    let source = fs::read_to_string(in_crates.join("towerkit/src/lib.rs"))?;
    Ok(missing(crates, &source))
}

/// `source` is the facade's `lib.rs`.
fn missing<'a>(crates: impl Iterator<Item = &'a Value>, source: &str) -> Findings {
    let (facade, crates): (Vec<_>, Vec<_>) = crates.partition(|package| package["name"] == "towerkit");
    // Whether a feature of the facade switches something on.
    let has = |feature: &str, what: &str| {
        let brings =
            |facade: &&Value| facade["features"][feature].as_array().is_some_and(|all| all.iter().any(|it| it == what));
        facade.iter().any(brings)
    };
    let lacks = |feature: &str, what: &str| {
        (!has(feature, what)).then(|| format!("towerkit's feature `{feature}` does not bring `{what}`"))
    };
    let mut findings = Findings::new();
    for package in crates {
        let Some(name) = package["name"].as_str().and_then(|name| name.strip_prefix("towerkit-")) else { continue };
        if name != "endpoint" {
            findings.extend(lacks(name, &format!("dep:towerkit-{name}")));
            findings.extend(lacks("all", name));
        }
        let features = package["features"].as_object().into_iter().flat_map(|features| features.keys());
        for feature in features.filter(|feature| !INNER.contains(&feature.as_str())) {
            findings.extend(lacks(&format!("{name}-{feature}"), &format!("towerkit-{name}/{feature}")));
        }
        let krate = format!("towerkit_{}", name.replace('-', "_"));
        if !source.lines().any(|line| line.trim_start().starts_with(&format!("pub use {krate} as "))) {
            findings.push(format!("towerkit does not re-export {krate}"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SOURCE: &str = "pub use towerkit_endpoint as endpoint;\n    pub use towerkit_sd as sd;\n";

    fn missing_of(features: &Value, source: &str) -> Findings {
        let crates = [
            json!({ "name": "towerkit", "features": features }),
            json!({ "name": "towerkit-endpoint", "features": {} }),
            json!({ "name": "towerkit-sd", "features": { "consul": [], "http-client": [] } }),
        ];
        missing(crates.iter(), source)
    }

    #[test]
    fn a_facade_that_has_all_passes() {
        let all = json!({ "all": ["sd"], "sd": ["dep:towerkit-sd"], "sd-consul": ["sd", "towerkit-sd/consul"] });
        assert!(missing_of(&all, SOURCE).is_empty());
    }

    #[test]
    fn a_feature_that_the_facade_lacks_or_that_brings_nothing_is_found() {
        for (features, finding) in [
            (
                json!({ "all": ["sd"], "sd": ["dep:towerkit-sd"] }),
                "towerkit's feature `sd-consul` does not bring `towerkit-sd/consul`",
            ),
            (
                json!({ "all": ["sd"], "sd": ["dep:towerkit-sd"], "sd-consul": ["sd"] }),
                "towerkit's feature `sd-consul` does not bring `towerkit-sd/consul`",
            ),
            (
                json!({ "all": ["sd"], "sd": [], "sd-consul": ["towerkit-sd/consul"] }),
                "towerkit's feature `sd` does not bring `dep:towerkit-sd`",
            ),
            (
                json!({ "all": [], "sd": ["dep:towerkit-sd"], "sd-consul": ["towerkit-sd/consul"] }),
                "towerkit's feature `all` does not bring `sd`",
            ),
        ] {
            assert_eq!(missing_of(&features, SOURCE), [finding]);
        }
    }

    #[test]
    fn a_crate_that_the_facade_does_not_name_is_found() {
        let all = json!({ "all": ["sd"], "sd": ["dep:towerkit-sd"], "sd-consul": ["towerkit-sd/consul"] });
        let source = "pub use towerkit_endpoint as endpoint;\n// pub use towerkit_sd as sd;\n";
        assert_eq!(missing_of(&all, source), ["towerkit does not re-export towerkit_sd"]);
    }

    #[test]
    fn a_crate_of_several_words_is_one_name_in_rust() {
        let features = json!({ "all": ["a-b"], "a-b": ["dep:towerkit-a-b"] });
        let crates =
            [json!({ "name": "towerkit", "features": features }), json!({ "name": "towerkit-a-b", "features": {} })];
        assert_eq!(missing(crates.iter(), "pub use towerkit_a_b as a_b;\n"), [""; 0]);
    }
}
