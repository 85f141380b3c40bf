//! A voyage of a carrier. Where it calls is known to the carrier, and to who finds routes: here it is a number.

use std::fmt;
use std::str::FromStr;

/// The carrier's number of a voyage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct VoyageNumber(String);

impl FromStr for VoyageNumber {
    type Err = InvalidVoyageNumber;

    fn from_str(text: &str) -> Result<Self, InvalidVoyageNumber> {
        if !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidVoyageNumber)
        }
    }
}

impl fmt::Display for VoyageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no number of a voyage.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidVoyageNumber;

impl fmt::Display for InvalidVoyageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no voyage number: one to sixteen letters and digits, as in V100")
    }
}

impl std::error::Error for InvalidVoyageNumber {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_to_sixteen_letters_and_digits() {
        assert_eq!("0100S".parse::<VoyageNumber>().unwrap().to_string(), "0100S");
        for text in ["", "V 100", "V100\n", "V0000000000000000"] {
            assert_eq!(text.parse::<VoyageNumber>(), Err(InvalidVoyageNumber), "{text:?}");
        }
    }
}
