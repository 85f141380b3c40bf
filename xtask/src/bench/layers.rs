//! What a layer costs: nanoseconds of CPU time and allocations a call, over a bare endpoint.

use anyhow::{Context, Result};

use super::probe::{self, Bench, Case};
use super::table::{Budget, Row};

pub fn run(quick: bool) -> Result<Vec<Row>> {
    let cases =
        probe::cases(Bench("towerkit-endpoint", "layers", ""), &["--rounds", if quick { "7" } else { "31" }], 1)?;
    let base = cases.first().context("no bare endpoint was measured")?;
    let mut rows = Vec::new();
    for Case { name, budget, one, allocations, .. } in &cases {
        rows.push(Row::new(name, "ns a call", one.clone()).against(&base.name, &base.one));
        let none = budget.map(|_| Budget::Value(0.0));
        rows.push(Row::new(name, "allocations a call", vec![*allocations]).budget(none));
        if let Some(budget) = budget {
            let added = one.iter().zip(&base.one).map(|(ns, base)| ns - base).collect();
            rows.push(Row::new(name, "ns added", added).budget(Some(Budget::Value(*budget))));
        }
    }
    Ok(rows)
}
