//! The same JSON work behind towerkit, hyper and axum.

mod idle;
mod instructions;
pub(super) mod load;
pub(super) mod server;

use anyhow::{Context, Result};

use super::table::{Budget, Row};
use super::turns::in_turn;
use crate::test::tools;
pub(super) use idle::allow_files;
use server::Kind;

pub fn run(quick: bool) -> Result<Vec<Row>> {
    bring(&[("wrk", "wrk"), ("valgrind", "valgrind")])?;
    server::build()?;
    let mut rows = cpu(quick)?;
    rows.extend(instructions::rows(quick)?);
    rows.extend(idle::rows(if quick { 1000 } else { 10_000 })?);
    Ok(rows)
}

/// Installs what is missing of programs, by their Debian packages.
pub(super) fn bring(programs: &[(&str, &str)]) -> Result<()> {
    for (program, package) in programs {
        if tools::find(program).is_none() {
            tools::install(&[package]);
        }
        tools::find(program).with_context(|| format!("{program} is not here"))?;
    }
    Ok(())
}

/// CPU microseconds a request, of the server's process alone, under the same load.
fn cpu(quick: bool) -> Result<Vec<Row>> {
    let (rounds, seconds) = if quick { (3, 1) } else { (11, 3) };
    let mut servers = Vec::new();
    for kind in Kind::ALL {
        let server = server::start(kind, false)?;
        load::round(&server, 1)?; // warm
        servers.push(server);
    }
    let measured = in_turn(&servers, rounds, |server| load::round(server, seconds))?;
    let measured = || Kind::ALL.into_iter().zip(&measured);
    let base = measured().find(|(kind, _)| *kind == Kind::Hyper).map(|(_, micros)| micros.clone());
    let base = base.context("hyper was not measured")?;
    Ok(measured()
        .map(|(kind, micros)| {
            let row = Row::new(kind.name(), "CPU µs a request", micros.clone());
            if kind == Kind::Hyper { row } else { row.against(Kind::Hyper.name(), &base).budget(kind.budget()) }
        })
        .collect())
}

impl Kind {
    const fn budget(self) -> Option<Budget> {
        match self {
            Self::Json => Some(Budget::Ratio(1.05)),
            Self::Stack => Some(Budget::Ratio(1.12)),
            Self::Production => Some(Budget::Ratio(1.15)),
            Self::ProductionLog => Some(Budget::Ratio(1.35)),
            Self::Hyper | Self::Router | Self::Axum | Self::AxumStack => None,
        }
    }
}
