use metrics::Unit;

/// The unit that a name ends in, as Prometheus's rule for names has it: `_bytes`, `_seconds_total`.
pub(crate) fn unit_of(name: &str) -> Option<Unit> {
    let name = name.strip_suffix("_total").unwrap_or(name);
    let unit = match name.rsplit_once('_').map_or(name, |(_, last)| last) {
        "seconds" => Unit::Seconds,
        "milliseconds" => Unit::Milliseconds,
        "microseconds" => Unit::Microseconds,
        "nanoseconds" => Unit::Nanoseconds,
        "bytes" => Unit::Bytes,
        "kibibytes" => Unit::Kibibytes,
        "mebibytes" => Unit::Mebibytes,
        "gibibytes" => Unit::Gibibytes,
        "tebibytes" => Unit::Tebibytes,
        "percent" => Unit::Percent,
        _ => return None,
    };
    Some(unit)
}
