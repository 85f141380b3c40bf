use std::fmt;
use std::time::Duration;

use crate::MemberEnding;

/// What happens in a group, as it happens: for a log.
#[derive(Debug)]
#[non_exhaustive]
pub enum GroupEvent<'a> {
    /// A member was started.
    Starting {
        /// Its name.
        member: &'a str,
    },
    /// A member says that it is up.
    Ready {
        /// Its name.
        member: &'a str,
    },
    /// All members are up.
    GroupReady,
    /// A member asked for the stop of the group, the first time.
    StopAsked {
        /// Its name, and its reason if it gave one.
        by: &'a str,
    },
    /// The stop begins.
    GroupStopping,
    /// The stop was asked for once more: what has not stopped is aborted.
    GivenUp,
    /// A member is asked to stop.
    Stopping {
        /// Its name.
        member: &'a str,
        /// How long it may take.
        limit: Duration,
    },
    /// A member ended, asked or not.
    Ended {
        /// Its name.
        member: &'a str,
        /// How.
        ending: &'a MemberEnding,
    },
}

impl fmt::Display for GroupEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting { member } => write!(f, "{member}: starting"),
            Self::Ready { member } => write!(f, "{member}: ready"),
            Self::GroupReady => f.write_str("ready"),
            Self::StopAsked { by } => write!(f, "stop asked for by {by}"),
            Self::GroupStopping => f.write_str("stopping"),
            Self::GivenUp => f.write_str("asked to stop once more: giving the drain up"),
            Self::Stopping { member, limit } => write!(f, "{member}: stopping, within {limit:?}"),
            Self::Ended { member, ending } => write!(f, "{member}: {ending}"),
        }
    }
}
