use metrics::Unit;

/// A unit of CloudWatch, and what a value becomes in it: CloudWatch knows no nanoseconds, and does not say whether its kilobyte has 1000
/// bytes or 1024.
pub(super) fn unit(unit: Unit) -> (&'static str, fn(f64) -> f64) {
    const KIBI: f64 = 1024.0;
    match unit {
        Unit::Count => ("Count", same),
        Unit::Percent => ("Percent", same),
        Unit::Seconds => ("Seconds", same),
        Unit::Milliseconds => ("Milliseconds", same),
        Unit::Microseconds => ("Microseconds", same),
        Unit::Nanoseconds => ("Microseconds", |value| value / 1000.0),
        Unit::Tebibytes => ("Bytes", |value| value * (KIBI * KIBI * KIBI * KIBI)),
        Unit::Gibibytes => ("Bytes", |value| value * (KIBI * KIBI * KIBI)),
        Unit::Mebibytes => ("Bytes", |value| value * (KIBI * KIBI)),
        Unit::Kibibytes => ("Bytes", |value| value * KIBI),
        Unit::Bytes => ("Bytes", same),
        Unit::TerabitsPerSecond => ("Terabits/Second", same),
        Unit::GigabitsPerSecond => ("Gigabits/Second", same),
        Unit::MegabitsPerSecond => ("Megabits/Second", same),
        Unit::KilobitsPerSecond => ("Kilobits/Second", same),
        Unit::BitsPerSecond => ("Bits/Second", same),
        Unit::CountPerSecond => ("Count/Second", same),
    }
}

fn same(value: f64) -> f64 {
    value
}
