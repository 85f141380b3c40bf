use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::{Code, Ending, Error};

use super::Finalize;

/// What became of a call: what a [finalizer](crate::Client::finalize) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallSummary {
    /// The subject; none where the call failed before there was one.
    pub subject: Option<Arc<str>>,
    /// From `call` to the end; of a stream to its last item.
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
            CallOutcome::Success | CallOutcome::Cancelled => None,
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallOutcome {
    /// With a reply.
    Success,
    /// With an error of this code.
    Failure(Code),
    /// Its future was dropped before its end, or its stream.
    Cancelled,
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
            summary: CallSummary { subject: None, elapsed: Duration::ZERO, outcome: CallOutcome::Cancelled },
        })
    }

    pub(super) fn to(&mut self, subject: &str) {
        self.summary.subject = Some(subject.into());
    }

    pub(super) fn stream_ended(mut self, ending: Ending) {
        self.summary.outcome = match ending {
            Ending::Complete => CallOutcome::Success,
            Ending::Failed(code) => CallOutcome::Failure(code),
            _ => CallOutcome::Cancelled,
        };
    }

    pub(super) fn end<R>(&mut self, result: &Result<R, Error>) {
        self.summary.outcome = match result {
            Ok(_) => CallOutcome::Success,
            Err(error) => CallOutcome::Failure(error.code()),
        };
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
