//! A benchmark that cargo knows (`crates/testing/src/bench.rs`): what it prints.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace;

/// Processes: where the stack of one happens to lie shifts what it measures by some nanoseconds, so that several are asked.
pub const PROCESSES: usize = 5;

/// What was measured of one case, in all processes.
pub struct Case {
    pub name: String,
    pub budget: Option<f64>,
    pub one: Vec<f64>,
    pub two: Vec<f64>,
    pub allocations: f64,
}

/// A benchmark: its package, its name, and the features it needs.
#[derive(Clone, Copy)]
pub struct Bench(pub &'static str, pub &'static str, pub &'static str);

/// Runs a benchmark so many times, and puts what it says of each case together.
pub fn cases(bench: Bench, arguments: &[&str], processes: usize) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for _ in 0..processes {
        for (index, line) in lines(bench, arguments)?.iter().enumerate() {
            let read = case(line)?;
            match cases.get_mut(index) {
                None => cases.push(read),
                Some(case) => {
                    case.one.extend(read.one);
                    case.two.extend(read.two);
                    case.allocations = case.allocations.max(read.allocations);
                }
            }
        }
    }
    Ok(cases)
}

/// Runs a benchmark once: the JSON objects that it prints.
pub fn lines(Bench(package, name, features): Bench, arguments: &[&str]) -> Result<Vec<Value>> {
    let mut command = workspace::cargo();
    command.args(["bench", "--quiet", "--package", package, "--bench", name, "--features", features, "--"]);
    command.args(arguments);
    let text = workspace::output(&mut command)?;
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).context("a line of the benchmark")).collect()
}

fn case(line: &Value) -> Result<Case> {
    Ok(Case {
        name: line["name"].as_str().context("name")?.to_owned(),
        budget: line["budget"].as_f64(),
        one: numbers(line, "ns")?,
        two: numbers(line, "ns_two")?,
        allocations: line["allocations"].as_f64().unwrap_or(f64::NAN),
    })
}

fn numbers(line: &Value, name: &str) -> Result<Vec<f64>> {
    let list = line[name].as_array().with_context(|| name.to_owned())?;
    Ok(list.iter().filter_map(Value::as_f64).collect())
}
