use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::number::padded;

/// The time of a line, in UTC. The last second's text is kept: it is what costs.
#[derive(Debug)]
pub(crate) struct Clock {
    second: u64,
    /// `2026-11-26T17:04:42Z`.
    text: [u8; 20],
}

/// The last second of the year 9999, beyond which RFC 3339 does not go.
const LAST: u64 = 253_402_300_799;

impl Clock {
    /// `2026-11-26T17:04:42.123456Z`.
    pub(super) fn whole(&mut self, out: &mut Vec<u8>, now: SystemTime) {
        let since = self.tell(now);
        out.extend_from_slice(&self.text[..19]);
        out.push(b'.');
        padded::<6>(out, since.subsec_micros());
        out.push(b'Z');
    }

    /// `17:04:42.123`.
    pub(super) fn short(&mut self, out: &mut Vec<u8>, now: SystemTime) {
        let since = self.tell(now);
        out.extend_from_slice(&self.text[11..19]);
        out.push(b'.');
        padded::<3>(out, since.subsec_millis());
    }

    fn tell(&mut self, now: SystemTime) -> Duration {
        // A clock that was never set, or is set to nonsense, must not cost the line.
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().min(Duration::from_secs(LAST));
        if since.as_secs() != self.second {
            self.second = since.as_secs();
            let time = UNIX_EPOCH + Duration::from_secs(self.second);
            let _ = write!(&mut self.text[..], "{}", humantime::format_rfc3339_seconds(time));
        }
        since
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00Z" }
    }
}
