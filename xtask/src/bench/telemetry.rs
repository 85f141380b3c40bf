//! What logs, metrics and traces cost a call, beside what others take for the same.

use anyhow::Result;

use super::Part;
use super::probe::{self, Bench, Case, PROCESSES};
use super::table::{Budget, Row};

const PARTS: [(&str, Bench); 4] = [
    ("Logs", Bench("towerkit-log", "log", "")),
    ("Metrics", Bench("towerkit-metrics", "metrics", "prometheus")),
    ("Traces", Bench("towerkit-tracing", "tracing", "")),
    ("All layers of a service", Bench("storm", "production", "")),
];

pub fn run(quick: bool) -> Result<Vec<Part>> {
    let (rounds, processes) = if quick { ("3", 1) } else { ("15", PROCESSES) };
    PARTS
        .into_iter()
        .map(|(title, bench)| {
            let cases = probe::cases(bench, &["--rounds", rounds], processes)?;
            Ok(Part { title, rows: rows(&cases), matrix: true })
        })
        .collect()
}

/// The service alone, in each benchmark.
const ALONE: &str = "no layer";

/// What is named a layer is told as what it adds to the service alone.
fn rows(cases: &[Case]) -> Vec<Row> {
    let alone = cases.iter().find(|case| case.name == ALONE);
    let mut rows = Vec::new();
    for case in cases {
        let Case { name, budget, one, allocations, .. } = case;
        let ns = match alone.filter(|_| name.starts_with("layer, ")) {
            Some(alone) => one.iter().zip(&alone.one).map(|(with, without)| with - without).collect(),
            None => one.clone(),
        };
        rows.push(Row::new(name, "ns", ns).budget(budget.map(Budget::Value)));
        rows.push(Row::new(name, "allocations", vec![*allocations]));
    }
    rows
}
