//! What a balancer costs, and how it spreads its calls, beside tower's own.

use anyhow::{Context, Result};

use super::Part;
use super::probe::{self, Bench, Case, PROCESSES};
use super::table::{Budget, Row};

const BENCH: Bench = Bench("towerkit-sd", "balancer", "");

pub fn run(quick: bool) -> Result<Vec<Part>> {
    let rounds = if quick { "3" } else { "15" };
    let measured = |part| probe::cases(BENCH, &["--part", part, "--rounds", rounds], PROCESSES);
    let simulated = |part, amount, much| {
        let lines = probe::lines(BENCH, &["--part", part, amount, much])?;
        lines.iter().map(values).collect::<Result<Vec<_>>>().map(|rows| rows.into_iter().flatten().collect::<Vec<_>>())
    };
    let (picks, calls) = (measured("pick")?, measured("call")?);
    let part = |title, rows| Part { title, rows, matrix: true };
    Ok(vec![
        part("A pick among so many instances, ns", pick(&picks)),
        part("A pick, two threads at once, ns", pick_on_two(&picks)),
        part("What a balancer adds to a call, among so many instances, ns", call(&calls)?),
        part("What a balancer adds to a call, two threads at once, ns", call_on_two(&calls)?),
        part("One of 10 000 instances is replaced", change(&measured("change")?)),
        part(
            "Share of picks next to the fair share, 100 instances",
            simulated("spread", "--picks", if quick { "100000" } else { "1000000" })?,
        ),
        part(
            "How long calls to 100 servers at 80 % load take, ms",
            simulated("queue", "--seconds", if quick { "30" } else { "600" })?,
        ),
    ])
}

/// The names are `what / column`.
fn place(case: &Case) -> (&str, &str) {
    case.name.split_once(" / ").unwrap_or((&case.name, ""))
}

fn pick(cases: &[Case]) -> Vec<Row> {
    let mut rows = Vec::new();
    for case in cases {
        let (what, column) = place(case);
        rows.push(Row::new(what, column, case.one.clone()).budget(case.budget.map(Budget::Value)));
    }
    rows.extend(most_allocations(cases, Some(Budget::Value(0.0))));
    rows
}

fn pick_on_two(cases: &[Case]) -> Vec<Row> {
    let row = |case| {
        let (what, column) = place(case);
        Row::new(what, column, case.two.clone())
    };
    cases.iter().map(row).collect()
}

/// The first two are the endpoint alone: as it is, and boxed.
fn call(cases: &[Case]) -> Result<Vec<Row>> {
    let added = over(cases, |case| &case.one)?;
    Ok(added.into_iter().chain(most_allocations(cases.get(2..).unwrap_or_default(), None)).collect())
}

fn call_on_two(cases: &[Case]) -> Result<Vec<Row>> {
    over(cases, |case| &case.two)
}

fn over(cases: &[Case], of: impl Fn(&Case) -> &Vec<f64>) -> Result<Vec<Row>> {
    let [plain, boxed, ..] = cases else { return Err(anyhow::anyhow!("no endpoint alone")) };
    let measured = cases.iter().skip(2).filter(|case| !of(case).is_empty());
    let row = |case: &Case| {
        let (what, column) = place(case);
        let base = if what.contains("BoxEndpoint") { boxed } else { plain };
        Row::new(what, column, of(case).iter().zip(of(base)).map(|(value, base)| value - base).collect())
    };
    Ok(measured.map(row).collect())
}

/// The most that there were in any column.
fn most_allocations(cases: &[Case], budget: Option<Budget>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for case in cases {
        let (what, _) = place(case);
        match rows.iter_mut().find(|row| row.name == what) {
            Some(row) => row.values.iter_mut().for_each(|most| *most = most.max(case.allocations)),
            None => rows.push(Row::new(what, "allocations", vec![case.allocations]).budget(budget)),
        }
    }
    rows
}

fn change(cases: &[Case]) -> Vec<Row> {
    let row = |case: &Case| {
        let micros = case.one.iter().map(|ns| ns / 1000.0).collect();
        [Row::new(&case.name, "µs", micros), Row::new(&case.name, "allocations", vec![case.allocations])]
    };
    cases.iter().flat_map(row).collect()
}

/// A line that holds what it says: `{"name": …, "values": [[column, value], …]}`.
fn values(line: &serde_json::Value) -> Result<Vec<Row>> {
    let name = line["name"].as_str().context("name")?;
    let value = |pair: &serde_json::Value| {
        let column = pair[0].as_str().context("a column")?;
        Ok(Row::new(name, column, vec![pair[1].as_f64().context("a value")?]))
    };
    line["values"].as_array().context("values")?.iter().map(value).collect()
}
