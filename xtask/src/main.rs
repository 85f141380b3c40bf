//! The project's own commands: checks and set-up that are not one command.
//!
//! ```text
//! cargo xtask test [--require-all]    the tests, with the tools they want; the last line is the total
//! cargo xtask tools                   installs what the tests need, and says where each is
//! cargo xtask check                   the invariants of ARCHITECTURE.md
//! cargo xtask lines                   how long the examples are, beside Go kit's
//! cargo xtask book                    the guide as a book, and every link of the pages
//! cargo xtask features                each crate alone, with each of its features
//! cargo xtask fuzz [TARGET..]         what reads a peer's bytes, fuzzed
//! cargo xtask bench NAME              a benchmark, as a table of ratios
//! cargo xtask fleet                   what becomes of calls when instances and their registry fail
//! cargo xtask dashboard               what an operator sees of an incident, asked of a real Prometheus
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, unreachable_pub, reason = "it is a program, and has no API")]

mod bench;
mod book;
mod check;
mod dashboard;
mod features;
mod fleet;
mod fuzz;
mod lines;
mod markdown;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "The project's own commands")]
struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs all tests, with the tools they want, and prints the total in its last line.
    Test(test::Flags),
    /// Installs what the tests need, and says where each is.
    Tools,
    /// Checks the invariants that no compiler checks.
    Check,
    /// Counts the lines of the examples, beside Go kit's.
    Lines,
    /// Builds the guide as a book, in `target/book`, and checks every link of the project's pages.
    Book,
    /// Builds each crate alone, with each of its features.
    Features,
    /// Fuzzes what reads a peer's bytes.
    Fuzz(fuzz::Flags),
    /// Measures, and prints a table.
    Bench(bench::Flags),
    /// Calls real processes while they are killed, hang and are restarted, and prints what became of the calls.
    Fleet(fleet::Flags),
    /// Asks a real Prometheus for each panel of `docs/dashboard.json`, while real processes have an incident, and draws them.
    Dashboard(dashboard::Flags),
}

fn main() -> ExitCode {
    let done = match Flags::parse().command {
        Command::Test(flags) => test::run(&flags),
        Command::Tools => test::tools::run(),
        Command::Check => check::run(),
        Command::Lines => lines::run(),
        Command::Book => book::run(),
        Command::Features => features::run(),
        Command::Fuzz(flags) => fuzz::run(&flags),
        Command::Bench(flags) => bench::run(&flags),
        Command::Fleet(flags) => fleet::run(&flags),
        Command::Dashboard(flags) => dashboard::run(&flags),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
