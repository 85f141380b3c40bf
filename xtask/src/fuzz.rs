//! Fuzz targets, each for so many seconds over its kept corpus: libFuzzer on stable Rust, without a sanitizer, since there is no
//! `unsafe` of ours to watch.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::test::tools;
use crate::workspace;

/// What cargo-fuzz gives the compiler with `--sanitizer none`.
const INSTRUMENT: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

#[derive(clap::Args)]
pub struct Flags {
    /// Which; all where none is named.
    targets: Vec<String>,

    /// How long each runs.
    #[arg(long, default_value_t = 60)]
    seconds: u32,

    /// Fail where there is no C++ compiler, which libFuzzer is built by.
    #[arg(long)]
    require_all: bool,

    /// Takes what is new and tells something into the corpus that is kept.
    #[arg(long)]
    keep: bool,
}

pub fn run(flags: &Flags) -> Result<bool> {
    if tools::find("c++").is_none() {
        println!("SKIPPED: fuzzing: there is no C++ compiler, which libFuzzer is built by");
        return Ok(!flags.require_all);
    }
    let folder = workspace::root().join("crates/transport-http/fuzz");
    let all = names(&folder.join("targets"))?;
    if let Some(unknown) = flags.targets.iter().find(|target| !all.contains(target)) {
        bail!("there is no target {unknown:?}: there are {}", all.join(", "));
    }
    let programs = build(&folder)?;
    let mut good = true;
    for target in all.iter().filter(|target| flags.targets.is_empty() || flags.targets.contains(target)) {
        good &= fuzz(&programs.join(target), target, &folder.join("corpus").join(target), flags)?;
    }
    Ok(good)
}

/// The names of the targets, in order.
fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        names.extend(file?.path().file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Builds all targets, and says where they are.
fn build(folder: &Path) -> Result<PathBuf> {
    let version = workspace::output(workspace::command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let target = workspace::target().join("fuzz");
    let mut cargo = workspace::cargo();
    // With a target named, build scripts and macros are not instrumented.
    cargo
        .args(["build", "--quiet", "--release", "--locked", "--target", host, "--manifest-path"])
        .arg(folder.join("Cargo.toml"));
    cargo.env("RUSTFLAGS", INSTRUMENT).env_remove("CARGO_ENCODED_RUSTFLAGS").arg("--target-dir").arg(&target);
    if !cargo.status()?.success() {
        bail!("the fuzz targets can't be built");
    }
    Ok(target.join(host).join("release"))
}

fn fuzz(program: &Path, target: &str, corpus: &Path, flags: &Flags) -> Result<bool> {
    let scratch = workspace::target().join("fuzz/finds").join(target);
    std::fs::create_dir_all(&scratch)?;
    let mut command = workspace::command(&program.to_string_lossy());
    // What is new goes to the first folder.
    command.arg(&scratch).arg(corpus).arg(format!("-max_total_time={}", flags.seconds)).args([
        "-max_len=4096",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-verbosity=0",
        "-print_final_stats=1",
    ]);
    command.arg(format!("-artifact_prefix={}/crash-", scratch.parent().unwrap_or(&scratch).display()));
    let output = command.output().with_context(|| format!("{target} can't be run"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        println!("FAILED: fuzzing {target}\n{report}");
        return Ok(false);
    }
    let runs =
        report.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")).unwrap_or("?").trim();
    println!("{target}: {runs} runs, none failed");
    if flags.keep {
        let merged =
            workspace::command(&program.to_string_lossy()).arg("-merge=1").arg(corpus).arg(&scratch).output()?;
        if !merged.status.success() {
            bail!("the finds of {target} can't be merged:\n{}", String::from_utf8_lossy(&merged.stderr));
        }
    }
    Ok(true)
}
