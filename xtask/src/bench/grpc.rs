//! addsvc's `Sum`, and a stream of a thousand messages each way, behind towerkit, tonic, hyper by hand and grpc-go.

pub(super) mod load;
mod server;
mod streams;

use anyhow::{Context, Result};

use super::http::bring;
use super::table::{Budget, Row};
use super::turns::in_turn;
use load::Load;
use server::Kind;

pub fn run(quick: bool) -> Result<Vec<Row>> {
    bring(&[("h2load", "nghttp2-client")])?;
    server::build()?;
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Go || server::build_go()).collect();
    let mut rows = Vec::new();
    for load in Load::ALL {
        rows.extend(cpu(load, &kinds, quick)?);
    }
    rows.extend(streams::rows(&kinds, if quick { 1000 } else { 10_000 })?);
    Ok(rows)
}

/// CPU microseconds a call, of the server's process alone, under the same load.
fn cpu(load: Load, kinds: &[Kind], quick: bool) -> Result<Vec<Row>> {
    let (rounds, seconds) = if quick { (3, 1) } else { (9, 3) };
    let mut servers = Vec::new();
    for kind in kinds.iter().copied().filter(|kind| load.is_for(*kind)) {
        let process = server::start(kind)?;
        load.round(&process, 1)?; // warm
        servers.push((kind, process));
    }
    let measured = in_turn(&servers, rounds, |(_, process)| load.round(process, seconds))?;
    let measured = || servers.iter().map(|(kind, _)| *kind).zip(&measured);
    let base = measured().find(|(kind, _)| *kind == Kind::Tonic).map(|(_, micros)| micros.clone());
    let base = base.context("tonic was not measured")?;
    Ok(measured()
        .map(|(kind, micros)| {
            let row = Row::new(format!("{}, {}", load.name(), kind.name()), "CPU µs a call", micros.clone());
            if kind == Kind::Tonic { row } else { row.against(Kind::Tonic.name(), &base).budget(kind.budget()) }
        })
        .collect())
}

impl Kind {
    const fn budget(self) -> Option<Budget> {
        match self {
            Self::Adapter => Some(Budget::Ratio(1.05)),
            Self::Routes => Some(Budget::Ratio(0.95)),
            Self::Stack => Some(Budget::Ratio(1.10)),
            Self::Tonic | Self::Hyper | Self::Go => None,
        }
    }
}
