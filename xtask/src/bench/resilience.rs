//! What a layer of resilience costs a call that it lets through, beside the same layer of others, on one thread and on two.

use anyhow::{Context, Result};
use serde_json::Value;

use super::table::{Budget, Row};
use crate::workspace;

pub fn run(quick: bool) -> Result<Vec<Row>> {
    let rounds = if quick { "7" } else { "31" };
    let bench = ["bench", "--quiet", "--package", "storm", "--bench", "resilience", "--", "--rounds", rounds];
    let text = workspace::output(workspace::cargo().args(bench))?;
    let mut rows = Vec::new();
    let mut bare: Option<(Vec<f64>, Vec<f64>)> = None;
    for line in text.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).context("a line of the benchmark")?;
        let numbers = |name: &str| {
            let list = line[name].as_array().with_context(|| name.to_owned())?;
            anyhow::Ok(list.iter().filter_map(Value::as_f64).collect::<Vec<_>>())
        };
        let (one, two) = (numbers("ns")?, numbers("ns_two")?);
        let name = line["name"].as_str().context("name")?;
        // The first is the handler alone. What has no service around it is taken as it is.
        let (base_one, base_two) = bare.get_or_insert_with(|| (one.clone(), two.clone()));
        let over = |values: &[f64], base: &[f64]| -> Vec<f64> {
            let alone = name.contains("no service");
            values.iter().zip(base).map(|(value, base)| if alone { *value } else { value - base }).collect()
        };
        let budget = line["budget"].as_f64();
        rows.push(Row::new(name, "ns added", over(&one, base_one)).budget(budget.map(Budget::Value)));
        rows.push(Row::new(name, "ns added, two threads", over(&two, base_two)));
        let allocations = vec![line["allocations"].as_f64().unwrap_or(f64::NAN)];
        rows.push(Row::new(name, "allocations", allocations).budget(budget.map(|_| Budget::Value(0.0))));
    }
    Ok(rows)
}
