//! What layers add to a call, beside what others take for the same.

use anyhow::Result;

use super::Part;
use super::probe::{self, Bench, Case, PROCESSES};
use super::table::{Budget, Row};

/// Logs, metrics and traces.
pub const TELEMETRY: &[(&str, Bench)] = &[
    ("Logs", Bench("towerkit-log", "log", "")),
    ("Metrics", Bench("towerkit-metrics", "metrics", "prometheus")),
    ("Traces", Bench("towerkit-tracing", "tracing", "")),
    ("All layers of a service", Bench("storm", "production", "")),
];

/// Who calls, and what it may do.
pub const AUTH: &[(&str, Bench)] = &[("Credentials", Bench("towerkit-auth", "auth", "api-key,casbin,jwt"))];

pub fn run(parts: &[(&'static str, Bench)], quick: bool) -> Result<Vec<Part>> {
    let (rounds, processes) = if quick { ("3", 1) } else { ("15", PROCESSES) };
    parts
        .iter()
        .map(|(title, bench)| {
            let cases = probe::cases(*bench, &["--rounds", rounds], processes)?;
            Ok(Part { title, rows: rows(&cases), matrix: true })
        })
        .collect()
}

/// The service alone, in each benchmark.
const ALONE: &str = "no layer";

/// What is named `layer, X` is told as what it adds to the service alone; where there is a `bare, X`, which does X by hand, the budget is of what
/// the layer takes on top of that.
fn rows(cases: &[Case]) -> Vec<Row> {
    let named = |wanted: &str| cases.iter().find(|case| case.name == wanted);
    let minus =
        |ns: &[f64], other: &[f64]| ns.iter().zip(other).map(|(with, without)| with - without).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for Case { name, budget, one, allocations, .. } in cases {
        let budget = budget.map(Budget::Value);
        let Some((what, alone)) = name.strip_prefix("layer, ").zip(named(ALONE)) else {
            rows.push(Row::new(name, "ns", one.clone()).budget(budget));
            rows.push(Row::new(name, "allocations", vec![*allocations]));
            continue;
        };
        let added = minus(one, &alone.one);
        let bare = named(&format!("bare, {what}"));
        rows.push(Row::new(name, "ns", added.clone()).budget(budget.filter(|_| bare.is_none())));
        rows.push(Row::new(name, "allocations", vec![*allocations]));
        if let Some(bare) = bare {
            rows.push(Row::new(format!("on top of bare, {what}"), "ns", minus(&added, &bare.one)).budget(budget));
        }
    }
    rows
}
