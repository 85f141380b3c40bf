//! Findings as lines of the log and as counts. A line has the fields of the request that told of the event.

use towerkit::metrics::{Counter, Metrics};

use crate::domain::cargo::Cargo;
use crate::inspection::Findings;

/// Tells operators.
pub(crate) struct Notices {
    misdirected: Counter,
    arrived: Counter,
}

impl Notices {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let count = |finding| {
            let metrics = metrics.labelled("finding", finding);
            metrics.counter("inspection_findings_total", "What inspections of cargoes have found.")
        };
        Self { misdirected: count("misdirected"), arrived: count("arrived") }
    }
}

impl Findings for Notices {
    fn misdirected(&self, cargo: &Cargo) {
        self.misdirected.increment(1);
        let last = cargo.history().last().map(|event| tracing::field::display(&event.location));
        tracing::warn!(tracking_id = %cargo.tracking_id(), location = last, "the cargo is misdirected");
    }

    fn arrived(&self, cargo: &Cargo) {
        self.arrived.increment(1);
        let destination = cargo.specification().destination();
        tracing::info!(tracking_id = %cargo.tracking_id(), location = %destination, "the cargo has arrived");
    }
}
