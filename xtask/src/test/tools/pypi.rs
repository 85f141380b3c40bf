//! PyPI's packages: a Python that has them, in an environment of its own.

use std::path::PathBuf;
use std::process::Command;

use super::once;
use crate::workspace;

/// The Python of an environment that has the packages, each with its version.
pub fn python(name: &str, packages: &[&str]) -> Option<PathBuf> {
    // Another set of packages is another environment.
    let folder = once::folder("pypi", name, &once::version(packages));
    let mut venv = workspace::command("python3");
    venv.args(["-m", "venv"]).arg(&folder);
    // What has to be compiled would take longer than all tests.
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--only-binary=:all:"]).args(packages);
    once::install(&format!("python3 -m pip install {}", packages.join(" ")), &folder, "bin/python", [venv, pip])
}

/// The Debian packages without which no environment can be made: Debian's Python comes without pip.
pub fn missing() -> Vec<&'static str> {
    match workspace::output(workspace::command("python3").args(["-m", "ensurepip", "--version"])) {
        Ok(_) => Vec::new(),
        Err(_) => vec!["python3", "python3-venv"],
    }
}
