use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::Ending;

use super::exchange::Asking;
use super::{Finalize, Summary};

/// Runs the finalize hooks when it is dropped, with the future of the exchange.
pub(super) struct Finalizer {
    hooks: Vec<Arc<Finalize>>,
    started: Instant,
    summary: Summary,
}

impl Finalizer {
    pub(super) fn start(hooks: &[Arc<Finalize>], asking: &Asking, started: Instant) -> Option<Box<Self>> {
        (!hooks.is_empty()).then(|| {
            let summary = Summary {
                exchange: asking.exchange(),
                wants_reply: asking.wants_reply,
                payload_bytes: 0,
                elapsed: Duration::ZERO,
                ending: Ending::Cancelled,
            };
            Box::new(Self { hooks: hooks.to_vec(), started, summary })
        })
    }

    pub(super) const fn reached_endpoint(&mut self) {
        self.summary.exchange.reached_endpoint = true;
    }

    pub(super) const fn end(&mut self, payload_bytes: usize, ending: Ending) {
        self.summary.payload_bytes = payload_bytes as u64;
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
