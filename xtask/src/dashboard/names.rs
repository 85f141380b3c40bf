//! The names in the dashboard and in the alerts are those that the layers emit, so that one that is changed fails here.

use std::collections::BTreeSet;

use serde_json::Value;
use tower_layer::Layer as _;
use towerkit_endpoint::{Code, Endpoint as _, Error, endpoint_fn};
use towerkit_metrics::process::Process;
use towerkit_metrics::{Metrics, Prometheus};

const DASHBOARD: &str = include_str!("../../../docs/dashboard.json");
const ALERTS: &str = include_str!("../../../docs/alerts.yml");

/// Names of series, or of labels.
type Names = BTreeSet<String>;

/// What an expression of PromQL names: series, and their labels.
fn named(expression: &str) -> [Names; 2] {
    let tokens = tokens(expression);
    let [mut series, mut labels] = [Names::new(), Names::new()];
    let (mut in_braces, mut in_group, mut grouped) = (false, false, false);
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1).copied().unwrap_or_default();
        match *token {
            "{" | "}" => in_braces = *token == "{",
            "(" => in_group = std::mem::take(&mut grouped),
            ")" => in_group = false,
            word if GROUPS.contains(&word) => grouped = next == "(",
            word if !word.starts_with(|first: char| first.is_alphabetic() || first == '_') => {}
            word if in_braces || in_group => drop(labels.insert(word.to_owned())),
            // A function, an aggregation or an operator.
            word if next == "(" || GROUPS.contains(&next) || OPERATORS.contains(&word) => {}
            word => drop(series.insert(word.to_owned())),
        }
    }
    [series, labels]
}

const GROUPS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const OPERATORS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// Words and marks; neither strings nor durations.
fn tokens(expression: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '$');
        let skipped = match first {
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            _ => 0,
        };
        let length = match rest.find(|c| !of_word(c)) {
            _ if skipped > 0 => skipped,
            Some(0) => first.len_utf8(),
            end => end.unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        if skipped == 0 && !token.trim().is_empty() {
            tokens.push(token);
        }
        rest = after;
    }
    tokens
}

/// What a page of Prometheus has when both layers have seen a call, and the process has been looked at.
async fn emitted() -> [Names; 2] {
    let prometheus = Prometheus::new();
    let metrics = Metrics::new(prometheus.clone());
    let failing = || endpoint_fn(|()| async { Err::<(), _>(Error::from(Code::NotFound)) });
    metrics.requests("sum").layer(failing()).invoke(()).await.unwrap_err();
    metrics.calls("sum").layer(failing()).invoke(()).await.unwrap_err();
    Process::new(&metrics).runtime(tokio::runtime::Handle::current()).sample();

    let [mut series, mut labels] = [Names::new(), Names::new()];
    for line in prometheus.text().lines().filter(|line| !line.starts_with('#')) {
        let [one, of_it] = named(line);
        series.extend(one);
        labels.extend(of_it);
    }
    // Those that Prometheus itself adds.
    series.insert("up".to_owned());
    labels.extend(["job", "instance"].map(str::to_owned));
    [series, labels]
}

/// All expressions, with the name of where they stand.
fn expressions() -> Vec<(String, String)> {
    let json: Value = serde_json::from_str(DASHBOARD).unwrap();
    let text = |json: &Value| json.as_str().unwrap().to_owned();
    let mut found = Vec::new();
    for panel in json["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push((text(&panel["title"]), text(&target["expr"])));
        }
    }
    for variable in json["templating"]["list"].as_array().unwrap().iter().filter(|one| one["type"] == "query") {
        let query = text(&variable["query"]["query"]);
        let (series, label) = query.strip_prefix("label_values(").unwrap().rsplit_once(", ").unwrap();
        found.push((text(&variable["name"]), series.to_owned()));
        found.push((text(&variable["name"]), format!("{{{}}}", label.trim_end_matches(')'))));
    }
    for rule in ALERTS.split("- alert: ").skip(1) {
        let (name, rest) = rule.split_once('\n').unwrap();
        let (_, rest) = rest.split_once("expr: ").unwrap();
        let end = rest.find("\n    for:").or_else(|| rest.find("\n    labels:")).unwrap();
        found.push((name.to_owned(), rest[..end].trim_start_matches('|').to_owned()));
    }
    found
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_name_only_what_is_emitted() {
    let emitted = emitted().await;
    for (place, expression) in expressions() {
        let named = named(&expression);
        assert!(!named[0].is_empty() || expression.starts_with('{'), "{place}: no series in {expression}");
        for (named, emitted) in named.iter().zip(&emitted) {
            let strange: Vec<_> = named.difference(emitted).collect();
            assert!(strange.is_empty(), "{place}: nobody emits {strange:?}; there are {emitted:?}");
        }
    }
}

#[test]
fn the_codes_that_count_as_faults_are_those_of_the_core() {
    let faults: Vec<_> = Code::ALL.into_iter().filter(|code| code.is_fault()).map(Code::as_str).collect();
    let faults = faults.join("|");
    let json: Value = serde_json::from_str(DASHBOARD).unwrap();
    let variables = json["templating"]["list"].as_array().unwrap();
    assert_eq!(variables.iter().find(|one| one["name"] == "faults").unwrap()["query"], *faults);
    let of_alerts: Vec<_> = ALERTS.split("code=~\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(of_alerts, vec![&*faults; 4]);
}

#[test]
fn an_expression_names_its_series_and_labels_and_nothing_else() {
    let expression = "1 - sum by (job, le) (rate(a_total{code!~\"x|b_total\"}[5m])) / on (op) group_left () \
                      scalar(c) > 1e3 and $slo * ignoring(d) e offset 1h";
    let [series, labels] = named(expression).map(|names| names.into_iter().collect::<Vec<_>>().join(" "));
    assert_eq!((&*series, &*labels), ("a_total c e", "code d job le op"));
}
