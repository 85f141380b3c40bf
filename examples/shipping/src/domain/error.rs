//! Why something is refused.

use std::fmt;

use super::location::UnLocode;
use super::voyage::VoyageNumber;

/// A refusal, and of which part where what was asked has several.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Error {
    UnknownCargo,
    UnknownLocation(Part, UnLocode),
    UnknownVoyage(Part, VoyageNumber),
    /// The cargo is to go where it is.
    OriginIsDestination,
    NoLegs,
    TooManyLegs,
    /// A leg ends before it begins.
    Backwards(usize),
    /// A leg begins elsewhere than the one before it ends.
    Gap(usize),
    /// A leg begins before the one before it ends.
    Missed(usize),
    /// There is no room for more than so many.
    Full(usize, &'static str),
}

/// What a location or a voyage is part of. Legs are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Origin,
    Destination,
    LegFrom(usize),
    LegTo(usize),
    LegVoyage(usize),
    EventLocation,
    EventVoyage,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCargo => f.write_str("unknown cargo"),
            Self::UnknownLocation(_, code) => write!(f, "unknown location {code}"),
            Self::UnknownVoyage(_, number) => write!(f, "unknown voyage {number}"),
            Self::OriginIsDestination => f.write_str("is the origin too"),
            Self::NoLegs => f.write_str("has no legs"),
            Self::TooManyLegs => f.write_str("has too many legs"),
            Self::Backwards(_) => f.write_str("ends before it begins"),
            Self::Gap(_) => f.write_str("begins elsewhere than the leg before it ends"),
            Self::Missed(_) => f.write_str("begins before the leg before it ends"),
            Self::Full(most, of) => write!(f, "there is no room for more than {most} {of}"),
        }
    }
}

impl std::error::Error for Error {}
