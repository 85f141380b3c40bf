//! Each crate alone, without features and then with each one of its own.

use anyhow::Result;

use crate::workspace;

pub fn run() -> Result<bool> {
    let protoc = workspace::protoc()?;
    let mut good = true;
    for package in workspace::packages()? {
        let Some(name) = package["name"].as_str().filter(|name| name.starts_with("towerkit")) else { continue };
        let features = package["features"].as_object().map(|features| features.keys().cloned().collect::<Vec<_>>());
        let alone = [None].into_iter().chain(features.unwrap_or_default().into_iter().map(Some));
        for feature in alone {
            println!("{name} alone, {}", feature.as_deref().unwrap_or("without features"));
            let mut check = workspace::cargo();
            check.env("PROTOC", &protoc).args(["check", "--quiet", "--package", name, "--no-default-features"]);
            if let Some(feature) = &feature {
                check.args(["--features", feature]);
            }
            good &= check.status()?.success();
        }
    }
    Ok(good)
}
