//! crates.io's programs: built here, as their authors locked them.

use std::path::PathBuf;

use super::once;
use crate::workspace;

/// The program of a package of the same name, without its default features.
pub fn program(name: &str, version: &str) -> Option<PathBuf> {
    let folder = once::folder("cargo", name, version);
    let mut cargo = workspace::cargo();
    // It is built aside, and what it was built of does not stay.
    cargo.env_remove("CARGO_TARGET_DIR").args(["install", "--quiet", "--locked", "--no-default-features", "--root"]);
    cargo.arg(&folder).arg(format!("{name}@{version}"));
    once::install(&format!("cargo install {name}@{version}"), &folder, &format!("bin/{name}"), [cargo])
}
