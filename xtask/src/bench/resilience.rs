//! What a layer of resilience costs a call that it lets through, beside the same layer of others, on one thread and on two.

use anyhow::{Context, Result};
use serde_json::Value;

use super::table::{Budget, Row};
use crate::workspace;

/// Processes: where the stack of one happens to lie shifts what it measures by some nanoseconds, so that several are asked.
const PROCESSES: usize = 5;

/// What was measured of one case, in all processes.
struct Case {
    name: String,
    budget: Option<f64>,
    one: Vec<f64>,
    two: Vec<f64>,
    allocations: f64,
}

pub fn run(quick: bool) -> Result<Vec<Row>> {
    let rounds = if quick { "3" } else { "15" };
    let bench = ["bench", "--quiet", "--package", "storm", "--bench", "resilience", "--", "--rounds", rounds];
    let mut cases: Vec<Case> = Vec::new();
    for _ in 0..PROCESSES {
        let text = workspace::output(workspace::cargo().args(bench))?;
        for (index, line) in text.lines().filter(|line| line.starts_with('{')).enumerate() {
            let read = case(line)?;
            match cases.get_mut(index) {
                None => cases.push(read),
                Some(case) => {
                    case.one.extend(read.one);
                    case.two.extend(read.two);
                }
            }
        }
    }
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

fn case(line: &str) -> Result<Case> {
    let line: Value = serde_json::from_str(line).context("a line of the benchmark")?;
    let numbers = |name: &str| {
        let list = line[name].as_array().with_context(|| name.to_owned())?;
        anyhow::Ok(list.iter().filter_map(Value::as_f64).collect::<Vec<_>>())
    };
    Ok(Case {
        name: line["name"].as_str().context("name")?.to_owned(),
        budget: line["budget"].as_f64(),
        one: numbers("ns")?,
        two: numbers("ns_two")?,
        allocations: line["allocations"].as_f64().unwrap_or(f64::NAN),
    })
}
