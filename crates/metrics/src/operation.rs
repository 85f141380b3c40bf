use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, Histogram};
use towerkit_endpoint::{Code, TraceContext};

use crate::clock::{Clock, Point};
use crate::{Metrics, RecordExemplar};

/// What the series of one side of a call are called.
pub(crate) struct Names {
    total: [&'static str; 2],
    in_flight: [&'static str; 2],
    duration: [&'static str; 2],
}

/// Of a server. Each has a name and a description.
pub(crate) const REQUESTS: Names = Names {
    total: ["requests_total", "Requests that have ended, by operation and code."],
    in_flight: ["requests_in_flight", "Requests under way, by operation."],
    duration: ["request_duration_seconds", "How long requests took until their end, by operation."],
};

/// Of a client.
pub(crate) const CALLS: Names = Names {
    total: ["calls_total", "Calls of other services that have ended, by operation and code."],
    in_flight: ["calls_in_flight", "Calls of other services under way, by operation."],
    duration: ["call_duration_seconds", "How long calls of other services took until their end, by operation."],
};

/// The series of one operation, registered when its layer is made.
pub(crate) struct Operation {
    clock: Clock,
    in_flight: Gauge,
    duration: Histogram,
    exemplars: Option<Arc<dyn RecordExemplar>>,
    ok: Counter,
    // By the number of the code, from 1. A refusal is registered when it first happens: what never happened is no series. Faults are there
    // from the start, since a rate can't see the first of a series that begins with it.
    failed: [OnceLock<Counter>; Code::ALL.len()],
    metrics: Metrics,
    names: &'static Names,
}

impl Operation {
    pub(crate) fn new(metrics: &Metrics, names: &'static Names, operation: &str) -> Self {
        let metrics = metrics.labelled("operation", operation);
        let [name, description] = names.in_flight;
        let in_flight = metrics.gauge(name, description);
        let [name, description] = names.duration;
        let duration = metrics.histogram(name, description);
        let exemplars = metrics.exemplars(name);
        let ok = counter(&metrics, names, "ok");
        let failed = Code::ALL.map(|code| match code.is_fault() {
            true => OnceLock::from(counter(&metrics, names, code.as_str())),
            false => OnceLock::new(),
        });
        let clock = metrics.clock();
        Self { clock, in_flight, duration, exemplars, ok, failed, metrics, names }
    }

    pub(crate) fn began(&self) -> Point {
        self.in_flight.increment(1.0);
        self.clock.now()
    }

    pub(crate) fn ended(&self, since: Point, code: Option<Code>, trace: Option<TraceContext>) {
        let seconds = self.clock.seconds_since(since);
        self.in_flight.decrement(1.0);
        match code {
            None => self.ok.increment(1),
            Some(code) => self.failed(code).increment(1),
        }
        match (&self.exemplars, trace) {
            (Some(exemplars), Some(trace)) if trace.is_sampled() => exemplars.record(seconds, trace),
            _ => self.duration.record(seconds),
        }
    }

    fn failed(&self, code: Code) -> &Counter {
        let cell = &self.failed[usize::from(code.number() - 1)];
        cell.get_or_init(|| counter(&self.metrics, self.names, code.as_str()))
    }
}

fn counter(metrics: &Metrics, names: &Names, code: &str) -> Counter {
    let [name, description] = names.total;
    metrics.labelled("code", code).counter(name, description)
}
