use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a [`Pusher`](super::Pusher) sent and lost: to be read while it runs, and after.
///
/// It counts data points: of StatsD, DogStatsD and Graphite a value on the wire each, of InfluxDB a line, of CloudWatch a datum.
/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Losses(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    sent: AtomicU64,
    lost: AtomicU64,
    last_error: Mutex<Option<Arc<str>>>,
}

impl Losses {
    /// How many data points were sent, as far as this side can tell: a datagram that nobody takes may count here.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// How many were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// What went wrong last, if anything did.
    #[must_use]
    pub fn last_error(&self) -> Option<Arc<str>> {
        self.0.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add(&self, sent: u64, lost: u64) {
        self.0.sent.fetch_add(sent, Ordering::Relaxed);
        self.0.lost.fetch_add(lost, Ordering::Relaxed);
    }

    /// Some that were taken for sent are lost.
    pub(super) fn late(&self, points: u64) {
        let _ =
            self.0.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |sent| Some(sent.saturating_sub(points)));
        self.0.lost.fetch_add(points, Ordering::Relaxed);
    }

    pub(super) fn failed(&self, error: &Arc<str>) {
        *self.0.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(error));
    }
}

/// What happened to a flush that did not go well, and that it goes well again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
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
impl fmt::Display for Event {
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
