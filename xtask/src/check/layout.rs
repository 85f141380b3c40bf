//! The top level of the repository.

use anyhow::Result;

use super::Findings;
use crate::workspace;

const ALLOWED: [&str; 14] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "crates",
    "examples",
    "docs",
    "xtask",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
];

pub fn check() -> Result<Findings> {
    let files =
        workspace::output(workspace::command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    Ok(strangers(&files))
}

fn strangers(files: &str) -> Findings {
    let mut tops: Vec<_> = files.lines().filter_map(|path| path.split('/').next()).collect();
    tops.dedup();
    // Folders and files of tools begin with a dot.
    tops.retain(|top| !top.starts_with('.') && !ALLOWED.contains(top));
    tops.iter().map(|top| format!("{top} does not belong at the top level")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_at_the_top_is_found() {
        assert_eq!(strangers("Cargo.toml\ncrates/a/b.rs\nnotes.txt\nscripts/x\nscripts/y\n.ci/run\n").len(), 2);
    }
}
