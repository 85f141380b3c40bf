//! A place where cargo is handled.

use std::fmt;
use std::str::FromStr;

/// The code of a place by the United Nations: two letters for the country, three letters or digits for the place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnLocode(String);

impl FromStr for UnLocode {
    type Err = InvalidUnLocode;

    /// Small letters are read as capitals.
    fn from_str(text: &str) -> Result<Self, InvalidUnLocode> {
        let (country, place) = text.as_bytes().split_at_checked(2).ok_or(InvalidUnLocode)?;
        // 0 and 1 are left out by the standard: they look like letters.
        let is_place = |byte: &u8| byte.is_ascii_alphabetic() || (b'2'..=b'9').contains(byte);
        if place.len() == 3 && country.iter().all(u8::is_ascii_alphabetic) && place.iter().all(is_place) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(InvalidUnLocode)
        }
    }
}

impl fmt::Display for UnLocode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no UN/LOCODE.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidUnLocode;

impl fmt::Display for InvalidUnLocode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no UN/LOCODE: two letters, and three letters or digits from 2 to 9, as in SESTO")
    }
}

impl std::error::Error for InvalidUnLocode {}

/// A place that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) code: UnLocode,
    pub(crate) name: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_two_letters_and_three_letters_or_digits_from_two_to_nine() {
        for code in ["SESTO", "USNY2", "JNTKO"] {
            assert_eq!(code.parse::<UnLocode>().unwrap().to_string(), code);
        }
        for text in ["", "S", "SESTOO", "SEST", "S3STO", "SEST0", "SEST1", "SE TO", "SESTÖ", "ÅSTO"] {
            assert_eq!(text.parse::<UnLocode>(), Err(InvalidUnLocode), "{text}");
        }
    }

    #[test]
    fn small_letters_are_the_same_place() {
        assert_eq!("sesto".parse::<UnLocode>(), "SESTO".parse());
    }
}
