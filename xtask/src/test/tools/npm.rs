//! npm's packages: what a script of node requires.

use std::path::PathBuf;

use super::once;
use crate::workspace;

/// The folder of a package.
pub fn package(package: &str, version: &str) -> Option<PathBuf> {
    let folder = once::folder("npm", package, version);
    let mut npm = workspace::command("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
        .arg(&folder)
        .arg(format!("{package}@{version}"));
    once::install(&format!("npm install {package}@{version}"), &folder, &format!("node_modules/{package}"), [npm])
}
