use std::fmt;
use std::time::Duration;

use towerkit_endpoint::BoxError;

use crate::{Instance, RegistryError};

/// What an [`Endpointer`](super::Endpointer) tells of, see [`EndpointerBuilder::on_event`](super::EndpointerBuilder::on_event).
#[derive(Debug)]
#[non_exhaustive]
pub enum EndpointerEvent<'a> {
    /// There is another set of instances: after filters.
    Changed {
        /// How many are new.
        added: usize,
        /// How many are gone.
        removed: usize,
        /// How many there are.
        total: usize,
    },
    /// There is no connection to an instance; it is tried again.
    ConnectFailed {
        /// Which it is.
        instance: &'a Instance,
        /// What went wrong.
        error: &'a BoxError,
        /// When it is tried again.
        retry_in: Duration,
    },
    /// The registry fails. The last set stands.
    Failing {
        /// How it fails.
        error: &'a RegistryError,
    },
    /// The registry has failed for [longer than allowed](super::EndpointerBuilder::invalidate_on_error): the last set is dropped.
    Invalidated {
        /// How it fails.
        error: &'a RegistryError,
    },
    /// The registry does not have these any more, and is [not believed](super::EndpointerBuilder::hold_missing) at once.
    Held {
        /// How many.
        held: usize,
        /// For how long they are kept, unless the registry has them again.
        time: Duration,
    },
    /// The registry is well again.
    Recovered,
    /// Too many calls in a row failed: the instance is left out for a while.
    Ejected {
        /// Which it is.
        instance: &'a Instance,
        /// For how long.
        time: Duration,
    },
    /// The time of an instance that was left out is over: it gets calls again.
    Returned {
        /// Which it is.
        instance: &'a Instance,
    },
}

/// One line, for a log.
impl fmt::Display for EndpointerEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { added, removed, total } => {
                write!(f, "{total} instances: {added} came, {removed} went")
            }
            Self::ConnectFailed { instance, error, retry_in } => {
                write!(f, "{instance} can't be connected to, again in {retry_in:?}: {error}")
            }
            Self::Failing { error } => write!(f, "the registry fails: {error}"),
            Self::Invalidated { error } => write!(f, "the registry has failed for too long: {error}"),
            Self::Held { held, time } => {
                write!(f, "the registry has lost {held} instances, which are kept for {time:?}")
            }
            Self::Recovered => f.write_str("the registry is well again"),
            Self::Ejected { instance, time } => write!(f, "{instance} is left out for {time:?}: its calls fail"),
            Self::Returned { instance } => write!(f, "{instance} is called again"),
        }
    }
}

/// Who is told of events.
pub(super) type OnEvent = Box<dyn Fn(&EndpointerEvent<'_>) + Send + Sync>;
