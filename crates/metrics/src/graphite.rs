//! Graphite: its plaintext protocol over TCP, to carbon or to a relay before it.
//!
//! ```
//! use std::time::Duration;
//! use towerkit_lifecycle::Group;
//! use towerkit_metrics::Metrics;
//! use towerkit_metrics::graphite::Graphite;
//!
//! let (graphite, pusher) = Graphite::new("127.0.0.1:2003").prefix("addsvc").resolution(Duration::from_secs(10)).build();
//! let metrics = Metrics::new(graphite);
//! let group = Group::new().with(pusher); // before the servers: it stops after them
//! # let _ = (metrics, group);
//! ```
//!
//! # What is sent
//!
//! | of | is sent | as |
//! | --- | --- | --- |
//! | a counter | its growth since the last flush | `addsvc.requests_total.operation.sum.code.ok 3 1700000000` |
//! | a gauge | where it stands, at each flush | `addsvc.in_flight.operation.sum 2 1700000000` |
//! | a histogram | of the values since the last flush | `….count`, `….sum`, `….min`, `….max`, and `….p50`, `….p90`, `….p95`, `….p99` of those that are kept |
//!
//! Labels go [into the path](PathLabels), or as [tags](Graphite::tagged) after it. Without new values a histogram is not sent,
//! and a counter that did not grow is not either: what is missing is zero (`transformNull` or `keepLastValue` in Graphite's own
//! words).
//!
//! # Two flushes in one point
//!
//! Graphite keeps a single value for each step of a series' first archive, the last one. Two flushes in one step would lose the
//! growth of the first. So the pusher flushes once a [step](Graphite::resolution), by default a minute as in carbon's own
//! settings, and no more often, whatever its [interval](Pusher::interval). A flush that falls into the step of the one before it,
//! as the last one at a stop does, is dated a step later.

mod lines;

use std::time::Duration;

use crate::push::{LONGEST_INTERVAL, PathLabels, Paths, Pusher, Store, Tcp};
use lines::{Lines, Steps};

/// Makes a recorder that sends to Graphite, and what sends.
#[derive(Clone, Debug)]
#[must_use]
pub struct Graphite {
    address: String,
    paths: Paths,
    tagged: bool,
    resolution: Duration,
    store: Store,
}

impl Graphite {
    /// By TCP to `host:port`; carbon's port for lines is 2003.
    pub fn new(address: impl Into<String>) -> Self {
        let paths = Paths { prefix: String::new(), labels: PathLabels::NamesAndValues };
        let (address, resolution) = (address.into(), Duration::from_secs(60));
        Self { address, paths, tagged: false, resolution, store: Store::default() }
    }

    /// What all paths begin with, without the dot.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.paths.prefix = prefix.into();
        self
    }

    /// How labels get into the path, in place of [names and values](PathLabels::NamesAndValues).
    pub const fn labels(mut self, labels: PathLabels) -> Self {
        self.paths.labels = labels;
        self
    }

    /// Labels are tags, `addsvc.requests_total;operation=sum;code=ok`: since Graphite 1.1.
    pub const fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// The step of the first archive (`retentions` in carbon's `storage-schemas.conf`), and so how often the pusher flushes, in
    /// place of a minute. Less than a second is one, and more than a year is one.
    pub fn resolution(mut self, step: Duration) -> Self {
        self.resolution = step.clamp(Duration::from_secs(1), LONGEST_INTERVAL);
        self
    }

    /// How many values of a histogram are kept at most between two flushes, in place of 1024: what its percentiles are of.
    pub fn sample(mut self, values: usize) -> Self {
        self.store = Store::with_sample(values);
        self
    }

    /// The recorder, for [`Metrics::new`](crate::Metrics::new), and what sends: once a [step](Self::resolution). A longer
    /// [interval](Pusher::interval) leaves steps out; a shorter one is a step, since carbon would keep but the last of its flushes.
    #[must_use]
    pub fn build(self) -> (Store, Pusher) {
        let lines = Lines { paths: self.paths, tagged: self.tagged, steps: Steps::new(self.resolution) };
        let store = self.store;
        let pusher = Pusher::new("graphite", store.clone(), lines, Tcp::new(self.address)).interval(self.resolution);
        (store, pusher)
    }
}
