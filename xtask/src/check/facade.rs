//! The facade has a feature for each crate, and one for each feature that a user may want of it.

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
    Ok(missing(crates))
}

fn missing<'a>(crates: impl Iterator<Item = &'a Value>) -> Findings {
    let (facade, crates): (Vec<_>, Vec<_>) = crates.partition(|package| package["name"] == "towerkit");
    let has = |feature: &str| facade.iter().any(|facade| facade["features"][feature].is_array());
    crates
        .iter()
        .filter_map(|package| {
            Some((package["name"].as_str()?.strip_prefix("towerkit-")?, package["features"].as_object()?))
        })
        .flat_map(|(name, features)| {
            let own = features.keys().filter(|feature| !INNER.contains(&feature.as_str()));
            let crate_itself = (name != "endpoint").then(|| name.to_owned());
            crate_itself.into_iter().chain(own.map(move |feature| format!("{name}-{feature}")))
        })
        .filter(|feature| !has(feature))
        .map(|feature| format!("towerkit has no feature `{feature}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_crate_and_a_feature_that_the_facade_lacks_are_found() {
        let crates = |features: Value| {
            [
                json!({ "name": "towerkit", "features": features }),
                json!({ "name": "towerkit-endpoint", "features": {} }),
                json!({ "name": "towerkit-sd", "features": { "consul": [], "http-client": [] } }),
            ]
        };
        assert!(missing(crates(json!({ "sd": [], "sd-consul": [] })).iter()).is_empty());
        assert_eq!(missing(crates(json!({ "sd": [] })).iter()), ["towerkit has no feature `sd-consul`"]);
        assert_eq!(missing(crates(json!({ "sd-consul": [] })).iter()), ["towerkit has no feature `sd`"]);
    }
}
