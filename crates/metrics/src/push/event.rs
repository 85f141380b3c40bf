use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What happened to a flush that did not go well, and that it goes well again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PushEvent {
    /// Data points are lost.
    Lost {
        /// How many.
        points: u64,
        /// Why.
        error: Arc<str>,
    },
    /// The backend can't be reached; nothing is lost yet.
    Held {
        /// Why.
        error: Arc<str>,
    },
    /// A flush went well after others did not.
    Recovered {
        /// How long after the first of those.
        after: Duration,
        /// How many data points were lost since then.
        lost: u64,
    },
}

/// One line, for a log.
impl fmt::Display for PushEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { points: 1, error } => write!(f, "a data point lost: {error}"),
            Self::Lost { points, error } => write!(f, "{points} data points lost: {error}"),
            Self::Held { error } => write!(f, "not sent yet: {error}"),
            Self::Recovered { after, lost } => {
                write!(f, "sends again after {after:.1?}; data points lost meanwhile: {lost}")
            }
        }
    }
}
