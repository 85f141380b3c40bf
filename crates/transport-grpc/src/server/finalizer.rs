use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::Code;

use super::hooks::Finalize;
use super::{Exchange, Outcome, Summary};

/// Runs the finalize hooks when it is dropped: with the future of the call, or with the stream it answered with.
pub(super) struct Finalizer {
    hooks: Vec<Arc<Finalize>>,
    started: Instant,
    summary: Summary,
}

impl Finalizer {
    pub(super) fn start(hooks: &[Arc<Finalize>], exchange: Exchange) -> Option<Box<Self>> {
        (!hooks.is_empty()).then(|| {
            Box::new(Self {
                hooks: hooks.to_vec(),
                started: Instant::now(),
                summary: Summary {
                    exchange,
                    code: None,
                    messages: 0,
                    elapsed: Duration::ZERO,
                    outcome: Outcome::Cancelled,
                },
            })
        })
    }

    /// The stream of the reply has begun.
    pub(super) const fn streams(&mut self) {
        self.summary.outcome = Outcome::Truncated;
    }

    pub(super) const fn message(&mut self) {
        self.summary.messages += 1;
    }

    pub(super) const fn end(&mut self, code: Option<Code>) {
        self.summary.code = code;
        self.summary.outcome = Outcome::Complete;
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
