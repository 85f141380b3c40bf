//! Where the workspace is, and what cargo says of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The folder of the root manifest.
pub fn root() -> PathBuf {
    // xtask is a folder of the workspace.
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The folder that cargo builds in.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A command in the root folder.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The cargo that runs this.
pub fn cargo() -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
}

/// The protoc of builds that ask for one: where none is named, `xtask/src/bin/protoc.rs` stands in for it.
pub fn protoc() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("PROTOC") {
        return Ok(named.into());
    }
    if !cargo().args(["build", "--quiet", "--package", "xtask", "--bin", "protoc"]).status()?.success() {
        bail!("what stands in for protoc can't be built");
    }
    Ok(target().join("debug/protoc"))
}

/// Builds an example of a crate as benchmarks are built. It is then under `release/examples`.
pub fn build_example(package: &str, example: &str) -> Result<()> {
    build(&["--package", package, "--example", example])
}

/// Builds the programs of some packages as benchmarks are built, all with the same features of what they depend on. They are then under `release`.
pub fn build_programs(packages: &[&str]) -> Result<()> {
    let arguments: Vec<_> = packages.iter().flat_map(|package| ["--package", package]).chain(["--bins"]).collect();
    build(&arguments)
}

fn build(arguments: &[&str]) -> Result<()> {
    let mut build = cargo();
    build.args(["build", "--quiet", "--profile", "bench"]).args(arguments);
    if !build.status()?.success() {
        bail!("{build:?} failed");
    }
    Ok(())
}

/// A program that was built so.
pub fn program(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// The program of an example that was built so. All packages have one folder for them, so each has a name of its own.
pub fn example(name: &str) -> PathBuf {
    target().join("release/examples").join(name)
}

/// What a command prints; an error where it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?} can't be run"))?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The members of the workspace, as `cargo metadata` has them.
pub fn packages() -> Result<Vec<Value>> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata")?;
    Ok(metadata["packages"].as_array().cloned().unwrap_or_default())
}

/// The Rust files that git knows under a folder.
pub fn rust_files(under: &str) -> Result<Vec<PathBuf>> {
    let text = output(command("git").args(["ls-files", "--cached", "--others", "--exclude-standard", "--", under]))?;
    Ok(text.lines().filter(|line| line.ends_with(".rs")).map(PathBuf::from).collect())
}
