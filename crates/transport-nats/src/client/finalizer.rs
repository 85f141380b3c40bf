use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::{Ending, Error};

use super::Finalize;

/// What became of a call: what a [finalizer](crate::Client::finalize) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallSummary {
    /// The subject; none where the call failed before there was one.
    pub subject: Option<Arc<str>>,
    /// From `call` to the end; of a stream to its last item.
    pub elapsed: Duration,
    /// How it ended: cancelled where its future was dropped before, or its stream.
    pub ending: Ending,
}

/// Runs the finalize hooks when it is dropped, with the future that owns it.
pub(super) struct Finalizer {
    hooks: Vec<Arc<Finalize>>,
    started: Instant,
    summary: CallSummary,
}

impl Finalizer {
    pub(super) fn start(hooks: &[Arc<Finalize>]) -> Option<Self> {
        (!hooks.is_empty()).then(|| Self {
            hooks: hooks.to_vec(),
            started: Instant::now(),
            summary: CallSummary { subject: None, elapsed: Duration::ZERO, ending: Ending::Cancelled },
        })
    }

    pub(super) fn to(&mut self, subject: &str) {
        self.summary.subject = Some(subject.into());
    }

    pub(super) fn stream_ended(mut self, ending: Ending) {
        self.summary.ending = ending;
    }

    pub(super) fn end<R>(&mut self, result: &Result<R, Error>) {
        self.summary.ending = Ending::of(result);
    }
}

impl Drop for Finalizer {
    fn drop(&mut self) {
        self.summary.elapsed = self.started.elapsed();
        for hook in &self.hooks {
            hook(&self.summary);
        }
    }
}
