//! What the storm is to show, and that it shows the same each time.

#![allow(clippy::unwrap_used, reason = "they are tests")]

use std::process::Command;
use std::time::Duration;

use storm::report::{self, Outcome};
use storm::{END, HANGS, WELL, stacks};

fn outcome(name: &str) -> Outcome {
    let (name, stack) = stacks::ALL.into_iter().find(|(stack, _)| *stack == name).unwrap();
    report::run(name, stack).unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn every_run_is_the_same() {
    for name in ["3 attempts, budget 20 %", "all: attempts, breaker, adaptive limit"] {
        assert_eq!(outcome(name), outcome(name));
    }
}

#[test]
fn no_call_is_lost_and_none_takes_longer_than_its_deadline() {
    for (name, stack) in stacks::ALL {
        let outcome = report::run(name, stack).unwrap();
        let made = outcome.calls.len();
        assert!((29_000..31_000).contains(&made), "{name}: {made}");
        let late = outcome.calls.iter().find(|call| call.took > SECOND + Duration::from_millis(5));
        assert_eq!(late, None, "{name}");
    }
}

#[test]
fn retries_without_a_budget_keep_the_server_down() {
    let outcome = outcome("3 attempts, no budget");
    assert_eq!(outcome.recovered(), None);
    assert!(outcome.load(WELL, END) > 2000.0, "it is more than the server bears");
}

#[test]
fn a_budget_lets_it_recover() {
    let outcome = outcome("3 attempts, budget 20 %");
    assert!(outcome.recovered().unwrap() < 10 * SECOND);
    assert!(outcome.load(HANGS, WELL) < 1250.0, "a fifth more than the calls that are made");
}

#[test]
fn a_breaker_and_an_adaptive_limit_leave_a_server_alone_that_hangs() {
    for name in ["circuit breaker", "adaptive limit (Vegas)", "all: attempts, breaker, adaptive limit"] {
        let outcome = outcome(name);
        assert!(outcome.load(HANGS + SECOND, WELL) < 200.0, "{name}");
        assert!(outcome.recovered().unwrap() <= 2 * SECOND, "{name}");
    }
}

#[test]
fn the_command_writes_a_table_and_a_plot() {
    let folder = std::env::temp_dir().join(format!("storm-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_storm")).arg("--write").arg(&folder).status().unwrap();
    assert!(status.success());
    let table = std::fs::read_to_string(folder.join("storm.md")).unwrap();
    let plot = std::fs::read_to_string(folder.join("storm.svg")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    for (name, _) in stacks::ALL {
        assert!(table.contains(name) && plot.contains(name), "{name}");
    }
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/storm.md");
    assert_eq!(
        table,
        std::fs::read_to_string(committed).unwrap(),
        "docs/storm.md is out of date: cargo run -p storm -- --write docs"
    );

    let nowhere = Command::new(env!("CARGO_BIN_EXE_storm")).args(["--write", "/nowhere"]).output().unwrap();
    assert!(String::from_utf8(nowhere.stderr).unwrap().starts_with("error: --write: /nowhere/storm.svg: "));
}
