use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use towerkit_endpoint::Error;

use super::Entry;
use crate::text::shorten;

/// What a subject has done so far. One task writes them, so nothing contends.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    nanos: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl Counters {
    pub(crate) fn handled(&self, elapsed: Duration, error: Option<&Error>) {
        self.requests.fetch_add(1, Relaxed);
        self.nanos.fetch_add(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        if let Some(error) = error {
            self.failed(error);
        }
    }

    pub(crate) fn failed(&self, error: &Error) {
        self.errors.fetch_add(1, Relaxed);
        let text = format!("{}:{}", error.code().http_status(), shorten(error.message()));
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}

/// The counters of the subjects that a [`Serve`](crate::Serve) serves, while it does: by [`Serve::stats`](crate::Serve::stats).
///
/// Clones are the same counters.
#[derive(Clone)]
pub struct Stats {
    pub(super) entries: Arc<[Entry]>,
}

/// What a subject has done since it was mounted: the figures of the NATS service protocol (ADR-32).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubjectStats {
    /// The subject, with its wildcards.
    pub subject: Arc<str>,
    /// Its queue group.
    pub queue_group: Option<Arc<str>>,
    /// The messages that came to an answer, refused ones too.
    pub requests: u64,
    /// Those that were answered with an error.
    pub errors: u64,
    /// The time for all of them together, from when a message was read to when its reply was written.
    pub processing_time: Duration,
    /// The last error as `number:message`, as far as its caller was told.
    pub last_error: Option<String>,
}

impl Stats {
    /// Each subject's, in the order of [`Routes`](crate::Routes).
    #[must_use]
    pub fn subjects(&self) -> Vec<SubjectStats> {
        let read = |entry: &Entry| SubjectStats {
            subject: entry.pattern.text().clone(),
            queue_group: entry.queue_group.clone(),
            requests: entry.counters.requests.load(Relaxed),
            errors: entry.counters.errors.load(Relaxed),
            processing_time: Duration::from_nanos(entry.counters.nanos.load(Relaxed)),
            last_error: entry.counters.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        self.entries.iter().map(read).collect()
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.subjects()).finish()
    }
}
