//! towerkit's services beside the same ones on Go kit, axum, hyper and tonic: what each takes of a machine.

mod cores;
mod load;
mod program;
mod service;
mod targets;

use std::path::PathBuf;

use anyhow::Result;

use super::Part;
use super::http::bring;
use super::process::Process;
use super::table::Row;
use super::turns::in_turn;
use cores::Cores;
use program::{GoKit, Kind};
use service::Service;

/// What is measured of each program, a column each.
const CLOSED: &str = "CPU µs a call, closed loop";
const PACED: &str = "CPU µs a call, 3000 a second";
const P99: &str = "p99 µs, 3000 a second";
const IDLE: &str = "MiB idle";
const MOST: &str = "MiB at most";
const OWN: &str = "MiB its own";
const SIZE: &str = "MiB program";

const MIB: f64 = 1024.0 * 1024.0;

pub fn run(quick: bool) -> Result<Vec<Part>> {
    bring(&[("wrk", "wrk"), ("h2load", "nghttp2-client"), ("taskset", "util-linux"), ("strip", "binutils")])?;
    let go_kit = program::build()?;
    let cores = Cores::ours()?;
    // What makes the load is started by this, and stays where this is.
    cores.stay_with_load()?;
    let mut parts = Vec::new();
    let mut targets = Vec::new();
    for service in Service::ALL {
        let rows = measure(service, &go_kit, &cores, quick)?;
        targets.extend(targets::rows(service, &rows));
        parts.push(Part { title: service.name(), rows, matrix: true });
    }
    parts.push(Part { title: "Targets", rows: targets, matrix: false });
    Ok(parts)
}

struct Running {
    kind: Kind,
    program: PathBuf,
    process: Process,
    idle: f64,
}

fn measure(service: Service, go_kit: &GoKit, cores: &Cores, quick: bool) -> Result<Vec<Row>> {
    let (rounds, seconds) = if quick { (3, 1) } else { (7, 2) };
    let mut running = Vec::new();
    for kind in service.kinds() {
        let Some(program) = kind.program(service, go_kit) else { continue };
        let process = kind.start(&program, service, cores)?;
        let idle = process.resident()?;
        // Warm, and whether it answers as the others do.
        load::paced(service, &process, 1)?;
        load::closed(service, &process, 1)?;
        running.push(Running { kind, program, process, idle });
    }
    let measured = in_turn(&running, rounds, |Running { process, .. }| {
        let closed = load::closed(service, process, seconds)?;
        let load::Paced { micros, p99 } = load::paced(service, process, seconds)?;
        Ok([closed, micros, p99])
    })?;
    let mut rows = Vec::new();
    for (Running { kind, program, process, idle }, rounds) in running.iter().zip(measured) {
        let column = |index: usize| rounds.iter().map(|values| values[index]).collect();
        let values = [
            (CLOSED, column(0)),
            (PACED, column(1)),
            (P99, column(2)),
            (IDLE, vec![idle / MIB]),
            (MOST, vec![process.most_resident()? / MIB]),
            (OWN, vec![process.own()? / MIB]),
            (SIZE, vec![program::stripped(program)? / MIB]),
        ];
        rows.extend(values.into_iter().map(|(unit, values)| Row::new(kind.name(), unit, values)));
    }
    Ok(against_ours(rows))
}

/// Each next to towerkit's, which is the first.
fn against_ours(rows: Vec<Row>) -> Vec<Row> {
    let ours = Kind::Towerkit.name();
    let base = |unit: &str| rows.iter().find(|row| row.name == ours && row.unit == unit).map(|row| row.values.clone());
    let bases: Vec<_> = rows.iter().map(|row| base(&row.unit).filter(|_| row.name != ours)).collect();
    rows.into_iter()
        .zip(bases)
        .map(|(row, base)| match base {
            Some(base) => row.against(ours, &base),
            None => row,
        })
        .collect()
}
