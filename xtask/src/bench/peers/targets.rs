//! What towerkit is to take next to the others.

use super::program::Kind;
use super::service::Service;
use super::{CLOSED, MOST, OWN, P99, PACED};
use crate::bench::table::{Budget, Row};

/// Towerkit's rows next to those of each other that was measured and that there is a target for.
pub fn rows(service: Service, measured: &[Row]) -> Vec<Row> {
    let values = |kind: Kind, unit: &str| {
        let row = measured.iter().find(|row| row.name == kind.name() && row.unit == unit);
        row.map(|row| row.values.clone())
    };
    let mut rows = Vec::new();
    for (unit, other, most) in of(service) {
        if let (Some(ours), Some(theirs)) = (values(Kind::Towerkit, unit), values(other, unit)) {
            let row = Row::new(service.name(), unit, ours).against(other.name(), &theirs);
            rows.push(row.budget(Some(Budget::Ratio(most))));
        }
    }
    rows
}

/// The unit, who towerkit is next to, and the most that the ratio may be.
fn of(service: Service) -> Vec<(&'static str, Kind, f64)> {
    const THIRD: f64 = 0.33;
    let (cpu, memory) = match service {
        Service::Strings => (THIRD, THIRD),
        Service::AddHttp => (THIRD, 0.25),
        Service::AddGrpc => (0.5, 0.25),
    };
    let rust = if service == Service::AddGrpc { Kind::Tonic } else { Kind::Axum };
    vec![
        (CLOSED, Kind::GoKit, cpu),
        (PACED, Kind::GoKit, cpu),
        (MOST, Kind::GoKit, memory),
        (OWN, Kind::GoKit, memory),
        (CLOSED, rust, 1.0),
        (PACED, rust, 1.0),
        (P99, rust, 1.0),
        (MOST, rust, 1.0),
        (OWN, rust, 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: Kind, unit: &str, value: f64) -> Row {
        Row::new(kind.name(), unit, vec![value])
    }

    #[test]
    fn a_target_is_of_what_was_measured_of_both() {
        let measured = [
            row(Kind::Towerkit, CLOSED, 10.0),
            row(Kind::GoKit, CLOSED, 40.0),
            row(Kind::Axum, CLOSED, 9.0),
            row(Kind::Axum, PACED, 9.0),
        ];
        let rows = rows(Service::Strings, &measured);
        let met: Vec<_> = rows.iter().map(|row| (row.ratio(), row.is_over())).collect();
        assert_eq!(met, [(Some(0.25), false), (Some(10.0 / 9.0), true)]);
    }
}
