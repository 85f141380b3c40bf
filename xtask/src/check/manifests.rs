//! Every member takes its lints and its versions from the workspace, and the workspace forbids `unsafe`.

use std::path::Path;

use anyhow::Result;

use super::Findings;
use crate::workspace;

pub fn check(root: &Path) -> Result<Findings> {
    let mut findings = Findings::new();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
    if !manifest.lines().any(|line| line.trim() == "unsafe_code = \"forbid\"") {
        findings.push("Cargo.toml: `unsafe_code = \"forbid\"` is not among the lints".to_owned());
    }
    for package in workspace::packages()? {
        let path = package["manifest_path"].as_str().unwrap_or_default();
        let name = package["name"].as_str().unwrap_or_default();
        findings.extend(member(name, &std::fs::read_to_string(path)?));
    }
    Ok(findings)
}

fn member(name: &str, manifest: &str) -> Findings {
    let mut findings = Findings::new();
    if !manifest.contains("[lints]\nworkspace = true") {
        findings.push(format!("{name}: it does not take its lints from the workspace"));
    }
    let mut in_dependencies = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
            if line.contains("dependencies.") {
                findings.push(format!("{name}: `{line}` is a table of its own, not a line from the workspace's table"));
            }
        } else if in_dependencies && line.contains('=') && !line.starts_with('#') {
            let from_workspace = line.contains("workspace = true");
            if !from_workspace {
                findings.push(format!("{name}: `{line}` is not from the workspace's table"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_or_a_lint_of_its_own_is_found() {
        assert_eq!(member("a", "[lints]\nworkspace = true\n[dependencies]\nserde = \"1\"\n").len(), 1);
        assert_eq!(member("a", "[lints]\nworkspace = true\n[dependencies.serde]\nversion = \"1\"\n").len(), 1);
        assert_eq!(member("a", "[lints]\nworkspace = true\n[target.'cfg(unix)'.dependencies]\nx = \"1\"\n").len(), 1);
        assert_eq!(member("a", "[dependencies]\nserde.workspace = true\n").len(), 1);
        assert!(
            member("a", "[lints]\nworkspace = true\n[dev-dependencies]\n# x = \"1\"\n\nserde.workspace = true\n")
                .is_empty()
        );
    }
}
