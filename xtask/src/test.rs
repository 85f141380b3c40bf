//! All tests, with the tools they want.

pub mod tools;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::workspace;

#[derive(clap::Args)]
pub struct Flags {
    /// Fail where a tool can't be had and its tests would be skipped.
    #[arg(long)]
    require_all: bool,

    /// What goes to `cargo test`, after `--`.
    #[arg(last = true)]
    args: Vec<String>,
}

pub fn run(flags: &Flags) -> Result<bool> {
    let start = Instant::now();
    let tools = tools::provision();
    let skipped = workspace::target().join("skipped-tests");
    std::fs::create_dir_all(workspace::target())?;
    std::fs::write(&skipped, "")?;

    let mut cargo = workspace::cargo();
    cargo.env("PROTOC", workspace::protoc()?);
    cargo.args(["test", "--workspace", "--all-features", "--no-fail-fast"]).args(&flags.args);
    cargo.env("TOWERKIT_SKIPPED_FILE", &skipped);
    for (name, path) in tools {
        cargo.env(format!("TOWERKIT_TOOL_{}", name.to_uppercase().replace('-', "_")), path);
    }
    if flags.require_all {
        cargo.env("TOWERKIT_REQUIRE_ALL", "1");
    }
    let mut running = cargo.stdout(Stdio::piped()).spawn().context("cargo test can't be run")?;
    let mut total = Total::default();
    for line in BufReader::new(running.stdout.take().context("no output")?).lines() {
        let line = line?;
        println!("{line}");
        total.add(&line);
    }
    let good = running.wait()?.success();

    total.settle(good);
    total.skipped += skips(&skipped)?;
    println!("the tests took {} s", start.elapsed().as_secs());
    println!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    Ok(good && total.failed == 0 && total.passed > 0 && !(flags.require_all && total.skipped > 0))
}

/// Says once more, at the end, what was skipped.
fn skips(file: &Path) -> Result<u64> {
    let text = std::fs::read_to_string(file)?;
    for line in text.lines() {
        println!("{line}");
    }
    Ok(text.lines().count() as u64)
}

#[derive(Debug, Default, PartialEq)]
struct Total {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Total {
    /// A program of tests that was not built, or that died, has no closing line: it counts as one that failed.
    fn settle(&mut self, good: bool) {
        if !good && self.failed == 0 {
            println!("cargo test failed, and no test did: a program was not built or died; it counts as one failed");
            self.failed = 1;
        }
    }

    /// Adds what a closing line of the test runner says: `test result: ok. 46 passed; 0 failed; 0 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.trim().strip_prefix("test result: ") else { return };
        let words: Vec<_> = counts.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.skipped += count,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_the_runner_add_up() {
        let mut total = Total::default();
        total.add("test result: ok. 46 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.36s");
        total.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.36s");
        total.add("test a::b ... ok");
        assert_eq!(total, Total { passed: 49, failed: 2, skipped: 1 });
    }

    #[test]
    fn a_program_that_died_is_not_nothing_failed() {
        let mut total = Total { passed: 5, failed: 0, skipped: 0 };
        total.settle(false);
        assert_eq!(total.failed, 1);
        let mut told = Total { passed: 5, failed: 2, skipped: 0 };
        told.settle(false);
        assert_eq!(told.failed, 2);
        let mut good = Total { passed: 5, failed: 0, skipped: 0 };
        good.settle(true);
        assert_eq!(good.failed, 0);
    }
}
