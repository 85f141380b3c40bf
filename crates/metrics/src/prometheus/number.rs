//! Numbers as the exposition formats write them.

use std::fmt::Write as _;

/// A value: the shortest text that reads back as the same number.
pub(super) fn value(value: f64, out: &mut String) {
    // Writing to a string can't fail.
    let _ = match value.abs() {
        _ if value.is_nan() => write!(out, "NaN"),
        _ if value.is_infinite() => write!(out, "{}Inf", if value > 0.0 { '+' } else { '-' }),
        0.0 | 1e-5..1e15 => write!(out, "{value}"),
        _ => write!(out, "{value:e}"),
    };
}

/// The bound of a bucket, in the canonical form of OpenMetrics 1.0 ("Considerations: Canonical Numbers"), which is that of Go's `%g`, and
/// with a point: so that the series is the same whatever format it was scraped in.
pub(super) fn bound(bound: f64, out: &mut String) {
    if bound == 0.0 || !bound.is_finite() {
        value(bound, out);
        if bound == 0.0 {
            out.push_str(".0");
        }
        return;
    }
    let scientific = format!("{bound:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Writing to a string can't fail.
    let _ = match exponent {
        -4..=5 => write!(out, "{bound:?}"),
        6.. => write!(out, "{digits}e+{exponent:02}"),
        _ => write!(out, "{digits}e-{:02}", -exponent),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound_of(number: f64) -> String {
        let mut out = String::new();
        bound(number, &mut out);
        out
    }

    #[test]
    fn bounds_are_written_as_openmetrics_has_them() {
        // Its own list, and some beside.
        let canonical = [
            (0.0, "0.0"),
            (1e-10, "1e-10"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (0.1, "0.1"),
            (1.0, "1.0"),
            (100_000.0, "100000.0"),
            (1e6, "1e+06"),
            (1e10, "1e+10"),
            (67_108_864.0, "6.7108864e+07"),
            (2.5, "2.5"),
            (-0.25, "-0.25"),
            (f64::INFINITY, "+Inf"),
        ];
        for (number, text) in canonical {
            assert_eq!(bound_of(number), text);
        }
    }

    #[test]
    fn a_value_reads_back_as_itself() {
        for number in [0.0, -0.0, 0.1 + 0.2, 1e-300, 5e-324, f64::MAX, f64::MIN, 1e15, 123_456_789.125, 3.0] {
            let mut out = String::new();
            value(number, &mut out);
            assert!(out.len() < 26, "{out}");
            assert_eq!(out.parse(), Ok(number));
        }
    }
}
