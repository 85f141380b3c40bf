//! What a benchmark says: rows of a median with its spread, and a ratio against another row.

use serde_json::{Value, json};

/// One thing, measured.
pub struct Row {
    pub name: String,
    pub unit: String,
    /// One value a round.
    pub values: Vec<f64>,
    /// The row it is compared with, and the ratio round by round.
    pub against: Option<(String, Vec<f64>)>,
    pub budget: Option<Budget>,
}

/// The most that is allowed.
#[derive(Clone, Copy)]
pub enum Budget {
    /// Of the ratio.
    Ratio(f64),
    /// Of the median.
    Value(f64),
}

impl Row {
    pub fn new(name: impl Into<String>, unit: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), unit: unit.into(), values, against: None, budget: None }
    }

    /// Compares round by round, so that a machine that drifts does so for both.
    pub fn against(mut self, name: &str, values: &[f64]) -> Self {
        let ratios = self.values.iter().zip(values).map(|(own, other)| own / other).collect();
        self.against = Some((name.to_owned(), ratios));
        self
    }

    pub const fn budget(mut self, budget: Option<Budget>) -> Self {
        self.budget = budget;
        self
    }

    pub fn ratio(&self) -> Option<f64> {
        self.against.as_ref().map(|(_, ratios)| median(ratios))
    }

    pub fn is_over(&self) -> bool {
        match self.budget {
            Some(Budget::Ratio(most)) => self.ratio().is_some_and(|ratio| ratio > most),
            Some(Budget::Value(most)) => median(&self.values) > most,
            None => false,
        }
    }

    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "unit": self.unit,
            "median": median(&self.values),
            "min": least(&self.values),
            "max": most(&self.values),
            "ratio": self.ratio(),
            "against": self.against.as_ref().map(|(name, _)| name),
            "budget": match self.budget {
                Some(Budget::Ratio(most)) => json!({ "ratio": most }),
                Some(Budget::Value(most)) => json!({ "value": most }),
                None => Value::Null,
            },
            "over": self.is_over(),
        })
    }
}

/// As a matrix: a line for each name, and a column for each unit, with the ratio to what it is against and the budget, where it has them.
pub fn print_matrix(rows: &[Row]) {
    let mut units: Vec<&str> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !units.contains(&row.unit.as_str()) {
            units.push(&row.unit);
        }
        if !names.contains(&row.name.as_str()) {
            names.push(&row.name);
        }
    }
    println!("| what | {} |", units.join(" | "));
    println!("| --- |{}", " ---: |".repeat(units.len()));
    for name in names {
        let cell = |unit: &&str| {
            let row = rows.iter().find(|row| row.name == name && row.unit == *unit);
            row.map_or_else(String::new, |row| {
                let median = short(median(&row.values));
                let spread = if row.values.len() > 1 {
                    format!(" ({}–{})", short(least(&row.values)), short(most(&row.values)))
                } else {
                    String::new()
                };
                let ratio = row.ratio().map_or_else(String::new, |ratio| format!(" {ratio:.2} ×"));
                format!("{median}{spread}{ratio}{}", if row.is_over() { " MISSED" } else { "" })
            })
        };
        println!("| {name} | {} |", units.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
}

pub fn print(rows: &[Row]) {
    println!("| what | unit | median | min–max | ratio (min–max) | against | budget |");
    println!("| --- | --- | ---: | ---: | ---: | --- | --- |");
    for row in rows {
        let ratio = row.against.as_ref().map_or_else(String::new, |(_, ratios)| {
            format!("{:.3} ({:.3}–{:.3})", median(ratios), least(ratios), most(ratios))
        });
        let budget = match row.budget {
            Some(Budget::Ratio(most)) => format!("≤ {most} ×"),
            Some(Budget::Value(most)) => format!("≤ {most}"),
            None => String::new(),
        };
        println!(
            "| {} | {} | {} | {}–{} | {ratio} | {} | {budget}{} |",
            row.name,
            row.unit,
            short(median(&row.values)),
            short(least(&row.values)),
            short(most(&row.values)),
            row.against.as_ref().map_or("", |(name, _)| name),
            if row.is_over() { " MISSED" } else { "" },
        );
    }
}

fn short(value: f64) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => sorted[len / 2],
        len => f64::midpoint(sorted[len / 2 - 1], sorted[len / 2]),
    }
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_budget_is_seen() {
        let row = Row::new("a", "ns", vec![11.0, 12.0, 13.0]).against("b", &[10.0, 10.0, 10.0]);
        assert_eq!(row.ratio(), Some(1.2));
        assert!(row.budget(Some(Budget::Ratio(1.1))).is_over());
        assert!(!Row::new("a", "ns", vec![1.0, 2.0]).budget(Some(Budget::Value(1.5))).is_over());
    }
}
