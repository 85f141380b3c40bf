//! Sends every stack through the storm, and prints how they fared.

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use storm::{plot, report, stacks};
use towerkit_lifecycle::exit_code;

/// What a client's layers do when its server fails.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// Writes `storm.md` and `storm.svg` into this folder, in place of printing the table.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    exit_code(run(&Flags::parse()))
}

fn run(flags: &Flags) -> Result<(), String> {
    let outcomes: Result<Vec<_>, _> = stacks::ALL.into_iter().map(|(name, stack)| report::run(name, stack)).collect();
    let outcomes = outcomes.map_err(|error| error.to_string())?;
    let table = report::table(&outcomes);
    let Some(folder) = &flags.write else {
        println!("{table}");
        return Ok(());
    };
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("--write: {}: {error}", path.display()))
    };
    write("storm.svg", plot::svg(&outcomes))?;
    write("storm.md", page(&table))
}

fn page(table: &str) -> String {
    include_str!("page.md").replace("{table}", table.trim_end())
}
