//! addsvc's `Sum` over NATS, behind towerkit, async-nats and Go kit.

mod load;
mod server;

use anyhow::{Context, Result};

use super::table::{Budget, Row};
use super::turns::in_turn;
use load::Load;
use server::{Kind, Serving};

pub fn run(quick: bool) -> Result<Vec<Row>> {
    let nats = server::nats()?;
    server::build()?;
    let go = server::go_kit();
    let (rounds, seconds) = if quick { (3, 1) } else { (11, 3) };
    let mut rows = Vec::new();
    for load in Load::ALL {
        let mut servers = Vec::new();
        for kind in Kind::ALL {
            let Some(serving) = Serving::start(kind, &nats, go.as_deref())? else { continue };
            load.round(&serving, 1)?; // warm
            servers.push((kind, serving));
        }
        let measured = in_turn(&servers, rounds, |(_, serving)| load.round(serving, seconds))?;
        rows.extend(compared(load, servers.iter().map(|(kind, _)| *kind).zip(measured).collect())?);
    }
    Ok(rows)
}

/// CPU microseconds a call, of the serving process alone: neither NATS' nor the caller's.
fn compared(load: Load, measured: Vec<(Kind, Vec<f64>)>) -> Result<Vec<Row>> {
    let base = measured.iter().find(|(kind, _)| *kind == Kind::Plain).map(|(_, micros)| micros.clone());
    let base = base.context("async-nats was not measured")?;
    Ok(measured
        .into_iter()
        .map(|(kind, micros)| {
            let row = Row::new(format!("{}, {}", load.name(), kind.name()), "CPU µs a call", micros);
            if kind == Kind::Plain { row } else { row.against(Kind::Plain.name(), &base).budget(kind.budget()) }
        })
        .collect())
}

impl Kind {
    const fn budget(self) -> Option<Budget> {
        match self {
            Self::Ours => Some(Budget::Ratio(1.10)),
            Self::Plain | Self::Spawn | Self::GoKit => None,
        }
    }
}
