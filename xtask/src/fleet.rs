//! What becomes of calls to real processes behind a real registry: see `docs/fleet.md`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::test::tools;
use crate::workspace;

#[derive(clap::Args)]
pub struct Flags {
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

pub fn run(flags: &Flags) -> Result<bool> {
    let consul = tools::provision_one("consul").context("consul is not here")?;
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--release", "--package", "addsvc", "--package", "fleet"]);
    if !build.status()?.success() {
        bail!("addsvc and fleet can't be built");
    }
    let release = workspace::target().join("release");
    let mut fleet = workspace::command(&release.join("fleet").to_string_lossy());
    fleet.arg("--consul").arg(consul).arg("--addsvc").arg(release.join("addsvc"));
    for (given, flag) in [(flags.quick, "--quick"), (flags.events, "--events")] {
        if given {
            fleet.arg(flag);
        }
    }
    if let Some(folder) = &flags.write {
        fleet.arg("--write").arg(folder);
    }
    Ok(fleet.status().context("fleet can't be run")?.success())
}
