//! Sends the fleet through its scenario, and prints how each client fared.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use fleet::report::Outcome;
use fleet::scenario::Plan;
use fleet::servers::Programs;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::exit_code;

/// What becomes of the calls to three processes behind a registry, when each of them fails. `cargo xtask fleet` builds what it wants.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// The program `consul`.
    #[arg(long, value_name = "FILE")]
    consul: PathBuf,

    /// The program `addsvc`.
    #[arg(long, value_name = "FILE")]
    addsvc: PathBuf,

    /// A short run: half a minute, in which the registry has no time to notice anything.
    #[arg(long)]
    quick: bool,

    /// Tells on standard error what happens at the clients, and when.
    #[arg(long)]
    events: bool,

    /// Writes `fleet.md` into this folder, in place of printing the tables.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Flags::parse()).await)
}

async fn run(flags: Flags) -> Result<(), BoxError> {
    for (flag, program) in [("--consul", &flags.consul), ("--addsvc", &flags.addsvc)] {
        if !program.is_file() {
            return Err(format!("{flag} {}: there is no such file", program.display()).into());
        }
    }
    let mut plan = if flags.quick { Plan::quick() } else { Plan::full() };
    if flags.events {
        let start = Instant::now();
        plan.on_event =
            Arc::new(move |client, event| eprintln!("{:7.3} {client}: {event}", start.elapsed().as_secs_f64()));
    }
    let outcome = fleet::run(Programs { consul: flags.consul, addsvc: flags.addsvc }, plan).await?;
    let Some(folder) = flags.write else {
        println!("{}\n{}", outcome.summary(), outcome.details());
        return Ok(());
    };
    let path = folder.join("fleet.md");
    fs::write(&path, page(&outcome)).map_err(|error| format!("--write: {}: {error}", path.display()).into())
}

fn page(outcome: &Outcome) -> String {
    let page = include_str!("page.md").replace("{summary}", outcome.summary().trim_end());
    page.replace("{details}", outcome.details().trim_end())
}
