//! Layers that each break a law, on purpose.

mod choosing;
mod limiting;
mod passing;
mod readying;
mod refusing;

pub(crate) use self::choosing::{Deaf, LateUnready, PicksByReadiness};
pub(crate) use self::limiting::{Compares, Defect, Limit};
pub(crate) use self::passing::{
    CloneInCall, ReadiesAClone, RetriesUnready, SleepsWhileReady, Spawns, StartsInCall, WorksWhenDropped,
};
pub(crate) use self::readying::{How, Readying, Switch};
pub(crate) use self::refusing::{CountsCancelled, RefusesLate, TriesUnready};
