use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time in UTC, as RFC 3339 has it: `2026-11-26T17:04:42.123456789Z`.
pub(super) fn rfc3339(time: SystemTime) -> String {
    // The last second of the year 9999, beyond which RFC 3339 does not go.
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().min(LAST);
    humantime::format_rfc3339_nanos(UNIX_EPOCH + since).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_whatever_the_clock_says() {
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::new(1_800_000_000, 5)), "2027-01-15T08:00:00.000000005Z");
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(1 << 40)), "9999-12-31T23:59:59.000000000Z");
    }
}
