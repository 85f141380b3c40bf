//! Go's programs: built here, by a Go that the machine has.

use std::path::PathBuf;
use std::process::Command;

use super::once;
use crate::workspace;

/// How the program of a package is built.
#[derive(Clone, Copy)]
pub enum Build {
    /// By `go install`, which calls it so.
    Install(&'static str),
    /// In a module of its own, with these packages beside it, each with its version: what `go install` does not take,
    /// since the module of the package stands in for others by folders that are only in its repository.
    Module(&'static [&'static str]),
}

/// The program of a package, in a folder of its own: `client` is the name of many.
pub fn program(name: &str, package: &str, version: &str, build: Build) -> Option<PathBuf> {
    let folder = once::folder("go", name, version);
    match build {
        Build::Install(binary) => {
            let mut go = workspace::command("go");
            go.env("GOBIN", &folder).arg("install").arg(format!("{package}@{version}"));
            once::install(&format!("go install {package}@{version}"), &folder, binary, [go])
        }
        Build::Module(beside) => {
            let go = |args: &[&str]| {
                let mut go = Command::new("go");
                go.current_dir(&folder).args(args);
                go
            };
            let mut steps = vec![go(&["mod", "init", name])];
            if !beside.is_empty() {
                steps.push(go(&[&["get"], beside].concat()));
            }
            steps.push(go(&["get", "-tool", &format!("{package}@{version}")]));
            steps.push(go(&["build", "-o", name, package]));
            once::install(&format!("go build {package}@{version}"), &folder, name, steps)
        }
    }
}
