//! What a layer of resilience costs a call that it lets through, beside the same layer of others, on one thread and on two.

use anyhow::{Context, Result};

use super::probe::{self, Bench, Case, PROCESSES};
use super::table::{Budget, Row};

pub fn run(quick: bool) -> Result<Vec<Row>> {
    let rounds = ["--rounds", if quick { "3" } else { "15" }];
    let cases = probe::cases(Bench("storm", "resilience", ""), &rounds, PROCESSES)?;
    // The first is the handler alone. What has no service around it is taken as it is.
    let bare = cases.first().context("nothing was measured")?;
    let mut rows = Vec::new();
    for case in &cases {
        let over = |values: &[f64], base: &[f64]| -> Vec<f64> {
            let alone = case.name.contains("no service");
            values.iter().zip(base).map(|(value, base)| if alone { *value } else { value - base }).collect()
        };
        let Case { name, budget, one, two, allocations } = case;
        rows.push(Row::new(name, "ns added", over(one, &bare.one)).budget(budget.map(Budget::Value)));
        rows.push(Row::new(name, "ns added, two threads", over(two, &bare.two)));
        let budget = budget.map(|_| Budget::Value(0.0));
        rows.push(Row::new(name, "allocations", vec![*allocations]).budget(budget));
    }
    Ok(rows)
}
