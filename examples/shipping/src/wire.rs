//! How the values and the refusals of the domain are written in messages.

use std::fmt::Display;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use towerkit::endpoint::{Code, Error};

use crate::domain;
use crate::domain::cargo::TrackingId;
use crate::domain::error::Part;

/// Which cargo: what the path names.
#[derive(Deserialize)]
pub(crate) struct CargoId {
    #[serde(with = "text")]
    pub(crate) id: TrackingId,
}

/// What there is to answer where all is done: `{}`.
#[derive(Serialize)]
pub(crate) struct Done {}

/// What is written as its text, where it is all there is; as a member of others it has `#[serde(with = "wire::text")]`.
pub(crate) struct Text<T>(pub(crate) T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer).map(Self)
    }
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(&self.0, serializer)
    }
}

/// The cargo is what the URL names; what is in the body is an argument, and has the name of its field.
impl From<domain::error::Error> for Error {
    fn from(error: domain::error::Error) -> Self {
        use domain::error::Error as Refusal;

        let text = error.to_string();
        let leg = |number, member| Self::invalid(format!("legs[{number}]{member}"), text.clone());
        match error {
            Refusal::UnknownCargo => Self::new(Code::NotFound, text),
            Refusal::Full(..) => Self::new(Code::ResourceExhausted, text),
            Refusal::UnknownLocation(part, _) | Refusal::UnknownVoyage(part, _) => match part {
                Part::Origin => Self::invalid("origin", text),
                Part::Destination => Self::invalid("destination", text),
                Part::LegFrom(number) => leg(number, ".from"),
                Part::LegTo(number) => leg(number, ".to"),
                Part::LegVoyage(number) => leg(number, ".voyage_number"),
                Part::EventLocation => Self::invalid("location", text),
                Part::EventVoyage => Self::invalid("voyage", text),
            },
            Refusal::OriginIsDestination => Self::invalid("destination", text),
            Refusal::NoLegs | Refusal::TooManyLegs => Self::invalid("legs", text),
            Refusal::Backwards(number) | Refusal::Gap(number) | Refusal::Missed(number) => leg(number, ""),
        }
    }
}

/// Go's zero time: it stands for no time at all, as callers of Go kit's sample know it.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// A time as RFC 3339 has it, in UTC, to the second.
pub(crate) fn rfc3339(at: SystemTime) -> Result<String, time::Error> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs() as i64);
    // Those before are rounded the same way: down.
    let seconds = since.unwrap_or_else(|before| -(before.duration().as_nanos().div_ceil(1_000_000_000) as i64));
    Ok(OffsetDateTime::from_unix_timestamp(seconds)?.format(&Rfc3339)?)
}

fn parse_rfc3339(text: &str) -> Result<SystemTime, &'static str> {
    const WHAT: &str = "is no time of RFC 3339, as in 2026-12-24T18:00:00Z";
    // In UTC it may be of a year that can't be written: RFC 3339 has those from 0 to 9999.
    let utc = OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|at| at.checked_to_offset(time::UtcOffset::UTC))
        .filter(|at| (0..=9999).contains(&at.year()))
        .ok_or(WHAT)?;
    let since = utc - OffsetDateTime::UNIX_EPOCH;
    let apart = Duration::new(since.whole_seconds().unsigned_abs(), since.subsec_nanoseconds().unsigned_abs());
    let at = if since.is_negative() {
        SystemTime::UNIX_EPOCH.checked_sub(apart)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(apart)
    };
    at.ok_or(WHAT)
}

/// What is written as its text: `#[serde(with = "wire::text")]`.
pub(crate) mod text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(crate) fn serialize<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A time: `#[serde(with = "wire::instant")]`.
pub(crate) mod instant {
    use std::time::SystemTime;

    use serde::de::{Deserialize, Deserializer, Error as _};
    use serde::ser::{Error as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::rfc3339(*at).map_err(S::Error::custom)?)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        super::parse_rfc3339(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A time that may not be known: `#[serde(serialize_with = "wire::instant_or_none")]`.
pub(crate) fn instant_or_none<S: Serializer>(at: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant::serialize(at, serializer),
        None => serializer.serialize_str(NO_TIME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_and_written(text: &str) -> String {
        rfc3339(parse_rfc3339(text).unwrap()).unwrap()
    }

    #[test]
    fn a_time_is_written_in_utc_to_the_second_whatever_it_was_read_as() {
        assert_eq!(read_and_written("2026-12-24T18:00:00Z"), "2026-12-24T18:00:00Z");
        assert_eq!(read_and_written("2026-12-24T18:00:00.999+05:30"), "2026-12-24T12:30:00Z");
        assert_eq!(read_and_written("1969-12-31T23:59:58.5Z"), "1969-12-31T23:59:58Z");
        assert_eq!(read_and_written("0001-01-01T00:00:00Z"), NO_TIME);
        for end in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(read_and_written(end), end);
        }
        assert_eq!(read_and_written("9999-12-31T23:59:59.999999999Z"), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_time_or_none_that_can_be_written_again_is_refused() {
        for text in [
            "",
            "now",
            "2026-12-24",
            "2026-12-24T18:00:00",
            "2026-13-01T00:00:00Z",
            "0000-01-01T00:59:59.999999999+01:00",
            "9999-12-31T23:00:00-01:00",
        ] {
            assert!(parse_rfc3339(text).is_err(), "{text}");
        }
    }
}
