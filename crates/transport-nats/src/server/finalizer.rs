use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::Code;

use super::{Exchange, Finalize, Outcome, Summary};

/// Runs the finalize hooks when it is dropped, with the future of the exchange.
pub(super) struct Finalizer {
    hooks: Vec<Arc<Finalize>>,
    started: Instant,
    summary: Summary,
}

impl Finalizer {
    pub(super) fn start(hooks: &[Arc<Finalize>], exchange: &Exchange, started: Instant) -> Option<Box<Self>> {
        (!hooks.is_empty()).then(|| {
            let summary = Summary {
                exchange: exchange.clone(),
                code: None,
                payload_bytes: 0,
                elapsed: Duration::ZERO,
                outcome: Outcome::Cancelled,
            };
            Box::new(Self { hooks: hooks.to_vec(), started, summary })
        })
    }

    pub(super) const fn end(&mut self, code: Option<Code>, payload_bytes: usize, outcome: Outcome) {
        self.summary.code = code;
        self.summary.payload_bytes = payload_bytes as u64;
        self.summary.outcome = outcome;
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
