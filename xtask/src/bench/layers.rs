//! What a layer costs: nanoseconds of CPU time and allocations a call, over a bare endpoint.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::table::{Budget, Row};
use crate::workspace;

/// Nanoseconds that a layer may add (DESIGN: any layer's happy path), and allocations.
const LAYER: (f64, f64) = (50.0, 0.0);

pub fn run(quick: bool) -> Result<Vec<Row>> {
    let rounds = if quick { "7" } else { "31" };
    let text = workspace::output(workspace::cargo().args([
        "bench",
        "--quiet",
        "--package",
        "towerkit-endpoint",
        "--bench",
        "layers",
        "--",
        "--rounds",
        rounds,
    ]))?;
    // In the order of the program: (name, of a layer, ns a round, allocations).
    let mut measured = Vec::new();
    for line in text.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).context("a line of the benchmark")?;
        let ns = line["ns"].as_array().context("ns")?.iter().filter_map(Value::as_f64).collect::<Vec<_>>();
        let name = line["name"].as_str().context("name")?.to_owned();
        measured.push((name, line["layer"] == true, ns, line["allocations"].as_f64().unwrap_or(f64::NAN)));
    }
    let bare: BTreeMap<_, _> = measured.iter().map(|(name, _, ns, _)| (name.as_str(), ns.clone())).collect();
    let base = bare.get("endpoint_fn").context("no bare endpoint was measured")?.clone();
    let mut rows = Vec::new();
    for (name, is_layer, ns, allocations) in &measured {
        rows.push(Row::new(name, "ns a call", ns.clone()).against("endpoint_fn", &base));
        rows.push(
            Row::new(name, "allocations a call", vec![*allocations]).budget(is_layer.then_some(Budget::Value(LAYER.1))),
        );
        if *is_layer {
            let added = ns.iter().zip(&base).map(|(ns, base)| ns - base).collect();
            rows.push(Row::new(name, "ns added", added).budget(Some(Budget::Value(LAYER.0))));
        }
    }
    Ok(rows)
}
