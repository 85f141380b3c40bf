use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode, Uri};
use tokio::time::Instant;
use towerkit_endpoint::{Ending, Error};

use super::Finalize;

/// What became of a call: what a [finalizer](crate::Client::finalize) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallSummary {
    /// The method.
    pub method: Method,
    /// The URL; none where the call failed before there was one. The query may hold secrets.
    pub uri: Option<Uri>,
    /// The status of the reply; none where there was no reply.
    pub status: Option<StatusCode>,
    /// From `call` to the end.
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
    pub(super) fn start(hooks: &[Arc<Finalize>], method: &Method) -> Self {
        Self {
            hooks: hooks.to_vec(),
            started: Instant::now(),
            summary: CallSummary {
                method: method.clone(),
                uri: None,
                status: None,
                elapsed: Duration::ZERO,
                ending: Ending::Cancelled,
            },
        }
    }

    pub(super) fn sent(&mut self, method: &Method, uri: &Uri) {
        if !self.hooks.is_empty() {
            // A before hook may have changed them.
            self.summary.method = method.clone();
            self.summary.uri = Some(uri.clone());
        }
    }

    pub(super) const fn replied(&mut self, status: StatusCode) {
        self.summary.status = Some(status);
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
