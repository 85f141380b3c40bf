//! What `docs/dashboard.json` says, as far as it matters outside of Grafana.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A dashboard: its rows and panels, where Grafana has them.
pub struct Dashboard {
    pub rows: Vec<Row>,
    pub panels: Vec<Panel>,
    /// Names without the dollar, and what stands for each.
    pub variables: Vec<(String, String)>,
}

/// The headline over some panels.
pub struct Row {
    pub title: String,
    pub place: Place,
}

pub struct Panel {
    pub title: String,
    pub unit: String,
    pub place: Place,
    pub scale: Scale,
    /// Where its axis ends, if that is said.
    pub most: Option<f64>,
    /// What its values should stay below, if it draws that.
    pub limit: Option<f64>,
    pub targets: Vec<Target>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Scale {
    Linear,
    Logarithmic,
    /// Linear from 0 to 1, and logarithmic from there.
    Mixed,
}

/// In Grafana's grid, which is 24 wide.
#[derive(Clone, Copy)]
pub struct Place {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

pub struct Target {
    pub expression: String,
    pub legend: String,
    pub exemplars: bool,
}

impl Dashboard {
    pub fn parse(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text)?;
        let items = json["panels"].as_array().context("no panels")?;
        let (rows, panels): (Vec<_>, Vec<_>) = items.iter().partition(|item| item["type"] == "row");
        let rows = rows.into_iter().map(|row| Ok(Row { title: string(row, "/title")?, place: place(row)? }));
        let variables = json["templating"]["list"].as_array().context("no variables")?;
        Ok(Self {
            rows: rows.collect::<Result<_>>()?,
            panels: panels.into_iter().map(panel).collect::<Result<_>>()?,
            variables: variables.iter().filter_map(variable).collect(),
        })
    }

    /// Sets a variable to another value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(had, _)| had != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// A text with its variables filled in.
    pub fn fill(&self, text: &str) -> Result<String> {
        let mut variables: Vec<_> = self.variables.iter().collect();
        // One name may be the begin of another.
        variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let filled =
            variables.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), value));
        if filled.contains('$') {
            bail!("a variable that nobody sets: {filled}");
        }
        Ok(filled)
    }
}

fn panel(json: &Value) -> Result<Panel> {
    let title = string(json, "/title")?;
    let targets = json["targets"].as_array().context("no targets").and_then(|list| list.iter().map(target).collect());
    let defaults = &json["fieldConfig"]["defaults"];
    let steps = defaults["thresholds"]["steps"].as_array();
    Ok(Panel {
        targets: targets.with_context(|| title.clone())?,
        unit: string(defaults, "/unit").with_context(|| title.clone())?,
        place: place(json).with_context(|| title.clone())?,
        scale: match defaults["custom"]["scaleDistribution"]["type"].as_str() {
            Some("log") => Scale::Logarithmic,
            Some("symlog") => Scale::Mixed,
            _ => Scale::Linear,
        },
        most: defaults["max"].as_f64(),
        limit: steps.and_then(|steps| steps.iter().find_map(|step| step["value"].as_f64())),
        title,
    })
}

fn target(json: &Value) -> Result<Target> {
    let (expression, legend) = (string(json, "/expr")?, string(json, "/legendFormat")?);
    Ok(Target { expression, legend, exemplars: json["exemplar"] == true })
}

fn place(json: &Value) -> Result<Place> {
    let number = |name: &str| json["gridPos"][name].as_f64().with_context(|| format!("no gridPos.{name}"));
    Ok(Place { x: number("x")?, y: number("y")?, width: number("w")?, height: number("h")? })
}

/// What stands for it as long as nobody chooses; the source of the data is none of a query's.
fn variable(json: &Value) -> Option<(String, String)> {
    let value = match json["type"].as_str()? {
        "query" => &json["allValue"],
        "custom" => &json["current"]["value"],
        "constant" => &json["query"],
        _ => return None,
    };
    Some((json["name"].as_str()?.to_owned(), value.as_str()?.to_owned()))
}

fn string(json: &Value, pointer: &str) -> Result<String> {
    Ok(json.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no {pointer}"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DASHBOARD: &str = include_str!("../../../docs/dashboard.json");

    #[test]
    fn each_panel_says_what_a_bad_picture_means_and_has_an_id_a_unit_and_the_chosen_data_source() {
        let json: Value = serde_json::from_str(DASHBOARD).unwrap();
        let panels = json["panels"].as_array().unwrap();
        let ids: HashSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), panels.len(), "an id twice");
        for panel in panels.iter().filter(|panel| panel["type"] != "row") {
            let title = panel["title"].as_str().unwrap();
            assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{title}");
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
        }
    }

    #[test]
    fn no_panel_lies_over_another() {
        let dashboard = Dashboard::parse(DASHBOARD).unwrap();
        let places = dashboard.rows.iter().map(|row| row.place).chain(dashboard.panels.iter().map(|panel| panel.place));
        let mut taken = HashSet::new();
        for place in places {
            for x in place.x as u32..(place.x + place.width) as u32 {
                for y in place.y as u32..(place.y + place.height) as u32 {
                    assert!(x < 24 && taken.insert((x, y)), "{x} {y}");
                }
            }
        }
    }

    #[test]
    fn every_variable_can_be_filled_in_and_the_longest_name_counts() {
        let mut dashboard = Dashboard::parse(DASHBOARD).unwrap();
        dashboard.set("__rate_interval", "5s");
        for panel in &dashboard.panels {
            for target in &panel.targets {
                dashboard.fill(&target.expression).unwrap();
                dashboard.fill(&target.legend).unwrap();
            }
        }
        dashboard.set("short", "1m");
        dashboard.set("shorter", "10s");
        assert_eq!(dashboard.fill("$short $shorter").unwrap(), "1m 10s");
        assert!(dashboard.fill("$nobody").is_err());
    }
}
