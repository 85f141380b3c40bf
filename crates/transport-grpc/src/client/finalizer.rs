use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::Ending;

use super::Finalize;

/// What became of a call: what a [finalizer](crate::Client::finalize) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallSummary {
    /// The path of the method.
    pub path: &'static str,
    /// How many messages came.
    pub messages: u64,
    /// From `call` to the end.
    pub elapsed: Duration,
    /// How it ended: cancelled where its future was dropped before, or its stream.
    pub ending: Ending,
}

/// Runs the finalize hooks when it is dropped, with the future or the stream that owns it.
pub(super) struct Finalizer {
    hooks: Vec<Arc<Finalize>>,
    started: Instant,
    summary: CallSummary,
}

impl Finalizer {
    pub(super) fn start(hooks: &[Arc<Finalize>], path: &'static str) -> Option<Self> {
        (!hooks.is_empty()).then(|| Self {
            hooks: hooks.to_vec(),
            started: Instant::now(),
            summary: CallSummary { path, messages: 0, elapsed: Duration::ZERO, ending: Ending::Cancelled },
        })
    }

    pub(super) const fn message(&mut self) {
        self.summary.messages += 1;
    }

    pub(super) const fn end(&mut self, ending: Ending) {
        self.summary.ending = ending;
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
