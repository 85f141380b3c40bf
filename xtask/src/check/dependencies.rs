//! `docs/dependencies.md` has a line for each dependency of the workspace's table, and no line more.

use std::path::Path;

use anyhow::Result;

use super::Findings;

pub fn check(root: &Path) -> Result<Findings> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let page = std::fs::read_to_string(root.join("docs/dependencies.md"))?;
    Ok(compare(&manifest, &page))
}

fn compare(manifest: &str, page: &str) -> Findings {
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let table = table.split("\n[").next().unwrap_or_default();
    // An entry may be a table of its own.
    let tables = manifest.lines().filter_map(|line| line.strip_prefix("[workspace.dependencies.")?.strip_suffix(']'));
    let used: Vec<_> = table
        .lines()
        // A path is of the workspace itself.
        .filter(|line| !line.starts_with('#') && !line.contains("{ path = "))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()))
        .chain(tables)
        .collect();
    let told: Vec<_> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name)).collect();
    let untold = used.iter().filter(|name| !told.contains(name));
    let unused = told.iter().filter(|name| !used.contains(name));
    untold
        .map(|name| format!("docs/dependencies.md: no line for `{name}`"))
        .chain(unused.map(|name| format!("docs/dependencies.md: `{name}` is not in the workspace's table")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_line_and_a_line_too_many_are_found() {
        let manifest = "[workspace.dependencies]\ntowerkit-a = { path = \"a\" }\n# x = \"1\"\nserde = \"1\"\n\n[profile.release]\nlto = true\n";
        assert!(compare(manifest, "| `serde` | why |\n").is_empty());
        assert_eq!(compare(manifest, "").len(), 1);
        assert_eq!(compare(manifest, "| `serde` | why |\n| `gone` | why |\n").len(), 1);
        assert_eq!(compare("[workspace.dependencies]\n[workspace.dependencies.serde]\nversion = \"1\"\n", "").len(), 1);
    }
}
