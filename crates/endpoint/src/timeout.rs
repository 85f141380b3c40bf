//! How a deadline is written on the wire: as the time that is left, never as a point in time, so that the clocks of two
//! machines need not agree.
//!
//! The text is that of gRPC's `grpc-timeout` ("gRPC over HTTP2", `Timeout`): one to eight digits and a unit, `H`, `M`,
//! `S`, `m` (milliseconds), `u` or `n`. gRPC has a header of its own; HTTP and NATS use [`HEADER`].
//!
//! ```
//! use std::time::Duration;
//! use towerkit_endpoint::timeout;
//!
//! let value = timeout::encode(Duration::from_millis(250));
//! assert_eq!(value, "250m");
//! assert_eq!(timeout::decode(&value), Ok(Duration::from_millis(250)));
//! ```

use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

/// The header in which HTTP and NATS carry the time left for a call.
pub const HEADER: HeaderName = HeaderName::from_static(HEADER_NAME);

pub(crate) const HEADER_NAME: &str = "towerkit-timeout";

/// Eight digits are the most that the grammar allows.
const MOST: u128 = 99_999_999;

/// Writes a time in the smallest number of digits that loses no millisecond, or else in the finest unit in which it
/// fits; rounded down, so that a deadline never grows on its way.
#[must_use]
pub fn encode(time: Duration) -> HeaderValue {
    let (millis, micros) = (time.as_millis(), time.as_micros());
    let (number, unit) = if micros == millis * 1000 && millis <= MOST {
        (millis, 'm')
    } else if micros <= MOST {
        (micros, 'u')
    } else if millis <= MOST {
        (millis, 'm')
    } else {
        // 99 999 999 hours are 11 000 years: more is cut to that.
        let secs = u128::from(time.as_secs());
        [(secs, 'S'), (secs / 60, 'M')].into_iter().find(|(n, _)| *n <= MOST).unwrap_or((MOST.min(secs / 3600), 'H'))
    };
    // Digits and a letter are always a valid value; the fallback is never taken.
    HeaderValue::try_from(format!("{number}{unit}")).unwrap_or_else(|_| HeaderValue::from_static("0m"))
}

/// Reads what [`encode`] or a gRPC peer wrote.
///
/// # Errors
///
/// Where the value does not follow the grammar.
pub fn decode(value: &HeaderValue) -> Result<Duration, InvalidTimeout> {
    let (unit, digits) = value.as_bytes().split_last().ok_or(InvalidTimeout(()))?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(InvalidTimeout(()));
    }
    let number = digits.iter().fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Ok(Duration::from_secs(number * 3600)),
        b'M' => Ok(Duration::from_secs(number * 60)),
        b'S' => Ok(Duration::from_secs(number)),
        b'm' => Ok(Duration::from_millis(number)),
        b'u' => Ok(Duration::from_micros(number)),
        b'n' => Ok(Duration::from_nanos(number)),
        _ => Err(InvalidTimeout(())),
    }
}

/// A text that is not a timeout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTimeout(());

impl fmt::Display for InvalidTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timeout is one to eight digits and a unit (H, M, S, m, u or n), such as 250m")
    }
}

impl std::error::Error for InvalidTimeout {}
