use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::{Code, Ending, Error};
use towerkit_transport_http::CallOutcome;

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
    /// How it ended.
    pub outcome: CallOutcome,
}

impl CallSummary {
    /// The code of the error; none for success, and none where the call was given up.
    #[must_use]
    pub const fn code(&self) -> Option<Code> {
        match self.outcome {
            CallOutcome::Failure(code) => Some(code),
            _ => None,
        }
    }
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
            summary: CallSummary { path, messages: 0, elapsed: Duration::ZERO, outcome: CallOutcome::Cancelled },
        })
    }

    pub(super) const fn message(&mut self) {
        self.summary.messages += 1;
    }

    pub(super) const fn end(&mut self, ending: Ending) {
        self.summary.outcome = match ending {
            Ending::Complete => CallOutcome::Success,
            Ending::Failed(code) => CallOutcome::Failure(code),
            _ => CallOutcome::Cancelled,
        };
    }

    pub(super) fn end_with<R>(&mut self, result: &Result<R, Error>) {
        self.end(result.as_ref().map_or_else(|error| Ending::Failed(error.code()), |_| Ending::Complete));
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
