use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::{Code, Ending, Exchange};

use super::Summary;
use super::hooks::Finalize;

/// Runs the finalize hooks when it is dropped: with the future of the call, or with the stream it answered with.
pub(super) struct Finalizer {
    hooks: Vec<Arc<Finalize>>,
    started: Instant,
    summary: Summary,
}

impl Finalizer {
    pub(super) fn start(hooks: &[Arc<Finalize>], exchange: impl FnOnce() -> Exchange) -> Option<Box<Self>> {
        (!hooks.is_empty()).then(|| {
            Box::new(Self {
                hooks: hooks.to_vec(),
                started: Instant::now(),
                summary: Summary {
                    exchange: exchange(),
                    messages: 0,
                    elapsed: Duration::ZERO,
                    ending: Ending::Cancelled,
                },
            })
        })
    }

    pub(super) const fn reached_endpoint(&mut self) {
        self.summary.exchange.reached_endpoint = true;
    }

    pub(super) const fn message(&mut self) {
        self.summary.messages += 1;
    }

    pub(super) fn end(&mut self, code: Option<Code>) {
        self.summary.ending = code.into();
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
