//! Go's programs: built here, by a Go that the machine has.

use std::path::PathBuf;

use super::once;
use crate::workspace;

/// The program of a package, in a folder of its own: `client` is the name of many.
pub fn program(name: &str, package: &str, version: &str, binary: &str) -> Option<PathBuf> {
    let folder = once::folder("go", name, version);
    let mut go = workspace::command("go");
    go.env("GOBIN", &folder).arg("install").arg(format!("{package}@{version}"));
    once::install(&format!("go install {package}@{version}"), &folder, binary, [go])
}
