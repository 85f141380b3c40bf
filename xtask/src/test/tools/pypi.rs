//! PyPI's packages: a Python that has them, in an environment of its own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

use super::once;
use crate::workspace;

/// The Python of an environment that has the packages, each with its version.
pub fn python(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let folder = once::folder("pypi", name, &version(packages));
    let mut venv = workspace::command("python3");
    venv.args(["-m", "venv"]).arg(&folder);
    // What has to be compiled would take longer than all tests.
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--only-binary=:all:"]).args(packages);
    once::install(&format!("python3 -m pip install {}", packages.join(" ")), &folder, "bin/python", [venv, pip])
}

/// Another set of packages is another environment.
fn version(packages: &[&str]) -> String {
    // Where the hash is another in a later Rust, the environment is made once more.
    let mut hasher = DefaultHasher::new();
    packages.hash(&mut hasher);
    format!("{:08x}", hasher.finish() as u32)
}

/// The Debian packages without which no environment can be made: Debian's Python comes without pip.
pub fn missing() -> Vec<&'static str> {
    match workspace::output(workspace::command("python3").args(["-m", "ensurepip", "--version"])) {
        Ok(_) => Vec::new(),
        Err(_) => vec!["python3", "python3-venv"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_another_environment() {
        assert_eq!(version(&["grpcio==1.85.1"]), version(&["grpcio==1.85.1"]));
        assert_ne!(version(&["grpcio==1.85.1"]), version(&["grpcio==1.85.2"]));
        assert_eq!(version(&["grpcio==1.85.1"]).len(), 8);
    }
}
