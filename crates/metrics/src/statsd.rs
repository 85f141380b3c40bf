//! StatsD: the protocol of Etsy's server, and of the many that took it over.
//!
//! ```
//! use std::time::Duration;
//! use towerkit_lifecycle::Group;
//! use towerkit_metrics::Metrics;
//! use towerkit_metrics::statsd::Statsd;
//!
//! let (statsd, pusher) = Statsd::new("127.0.0.1:8125").prefix("addsvc").build();
//! let metrics = Metrics::new(statsd.clone()); // `statsd.stats()` says what was sent, and lost
//! let group = Group::new().with(pusher.interval(Duration::from_secs(1))); // before the servers: it stops after them
//! # let _ = (metrics, statsd, group);
//! ```
//!
//! # What is sent
//!
//! | of | is sent | as |
//! | --- | --- | --- |
//! | a counter | its growth since the last flush | `addsvc.requests_total.sum.ok:3\|c` |
//! | a gauge | where it stands, at each flush | `addsvc.in_flight.sum:2\|g`; below zero after `…:0\|g`, since StatsD takes a sign for a change |
//! | a histogram | each value that is kept | `addsvc.request_duration.sum.ok:12.3\|ms`; with `\|@0.1` where one in ten is kept |
//!
//! StatsD has no labels: they go [into the name](PathLabels). Its histograms are timers, of milliseconds: one that was described
//! with a unit of time is converted, and loses the ending `_seconds` of its name. Another is sent as it is; that it is called a
//! timer is all that StatsD can do for it.
//!
//! # What stands below
//!
//! The lines are written by [metrics-exporter-statsd](https://docs.rs/metrics-exporter-statsd) and cadence. By itself that
//! recorder sends a datagram in each update, forgets `Gauge::increment`, `Gauge::decrement` and `Counter::absolute`, cuts timers
//! to whole milliseconds, knows no sample rate, and has no flush. Here a [`Store`] aggregates; at a flush it drives that
//! recorder, once for each value that is sent.

mod lines;

use crate::push::{PathLabels, Paths, Pusher, Store, Tcp, Udp};
use lines::Lines;

/// Makes a recorder that sends to a StatsD server, and what sends.
#[derive(Clone, Debug)]
#[must_use]
pub struct Statsd {
    to: To,
    paths: Paths,
    max_datagram: usize,
    store: Store,
}

#[derive(Clone, Debug)]
enum To {
    Udp(String),
    Tcp(String),
}

/// What Ethernet's 1500 bytes leave, with some for tunnels: the number StatsD's own documentation has.
const ETHERNET: usize = 1432;
/// A write to a stream.
const WRITE: usize = 16 * 1024;

impl Statsd {
    /// By UDP to `host:port`; StatsD's port is 8125.
    pub fn new(address: impl Into<String>) -> Self {
        Self::to(To::Udp(address.into()))
    }

    /// By TCP to `host:port`, for a server that listens there too.
    pub fn tcp(address: impl Into<String>) -> Self {
        Self::to(To::Tcp(address.into()))
    }

    fn to(to: To) -> Self {
        Self { to, paths: Paths::default(), max_datagram: ETHERNET, store: Store::default() }
    }

    /// What all names begin with, without the dot.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.paths.prefix = prefix.into();
        self
    }

    /// How labels get into the names, in place of [their values alone](PathLabels::Values).
    pub const fn labels(mut self, labels: PathLabels) -> Self {
        self.paths.labels = labels;
        self
    }

    /// How many bytes a datagram may have, in place of the 1432 of Ethernet: 8932 with jumbo frames, 512 over the internet.
    pub const fn max_datagram(mut self, bytes: usize) -> Self {
        self.max_datagram = bytes;
        self
    }

    /// How many values of a histogram are kept, and so sent, at most between two flushes, in place of 1024.
    pub fn sample(mut self, values: usize) -> Self {
        self.store = Store::with_sample(values);
        self
    }

    /// The recorder, for [`Metrics::new`](crate::Metrics::new), and what sends.
    #[must_use]
    pub fn build(self) -> (Store, Pusher) {
        let store = self.store;
        let lines = |max_bytes, stream| Lines::new(self.paths, max_bytes, stream);
        let pusher = match self.to {
            To::Udp(to) => Pusher::new("statsd", store.clone(), lines(self.max_datagram, false), Udp::new(to)),
            To::Tcp(to) => Pusher::new("statsd", store.clone(), lines(WRITE, true), Tcp::new(to)),
        };
        (store, pusher)
    }
}
