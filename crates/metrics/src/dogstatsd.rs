//! DogStatsD: StatsD with tags, of Datadog's Agent and of those that speak its language (Telegraf, Vector, statsd_exporter).
//!
//! ```
//! use towerkit_lifecycle::Group;
//! use towerkit_metrics::Metrics;
//! use towerkit_metrics::dogstatsd::Dogstatsd;
//!
//! let (dogstatsd, pusher) = Dogstatsd::new("127.0.0.1:8125").prefix("addsvc").tag("env", "prod").build();
//! let metrics = Metrics::new(dogstatsd);
//! let group = Group::new().with(pusher); // before the servers: it stops after them
//! # let _ = (metrics, group);
//! ```
//!
//! # What is sent
//!
//! | of | is sent | as |
//! | --- | --- | --- |
//! | a counter | its growth since the last flush | `addsvc.requests_total:3\|c\|#env:prod,operation:sum,code:ok` |
//! | a gauge | where it stands, at each flush | `addsvc.in_flight:2\|g\|#env:prod`; below zero after `…:0\|g…`, which servers of StatsD's kind need |
//! | a histogram | each value that is kept | `addsvc.request_duration_seconds:0.1:0.2\|d\|@0.5\|#env:prod`: as a distribution, packed, with the share that is kept |
//!
//! Units stay what they are. In tags `,`, `|`, white space and control characters become `_`; a label whose value is empty is
//! none.
//!
//! # Why not metrics-exporter-dogstatsd
//!
//! That crate is kept well and aggregates as this module does. But it can't be stopped: its thread runs as long as the process,
//! so what was measured since the last flush is lost at the end, and a test can't give it a clock. What it lost it tells as
//! metrics alone, to the server that may be what is not there. And its reservoir loses values that are recorded while it is
//! drained.

mod lines;

use std::path::PathBuf;

use crate::push::{Pusher, Store, Udp, Unix};
use lines::{Lines, Tags};

/// Makes a recorder that sends to a DogStatsD server, and what sends.
#[derive(Clone, Debug)]
#[must_use]
pub struct Dogstatsd {
    to: To,
    prefix: String,
    tags: Tags,
    histograms: bool,
    packed: bool,
    max_datagram: usize,
    store: Store,
}

#[derive(Clone, Debug)]
enum To {
    Udp(String),
    Unix(PathBuf),
}

/// What Ethernet's 1500 bytes leave, with some for tunnels: as Datadog's own clients have it.
const ETHERNET: usize = 1432;
/// What Datadog's own clients send to a unix socket at most.
const LOCAL: usize = 8192;

impl Dogstatsd {
    /// By UDP to `host:port`; the Agent's port is 8125.
    pub fn new(address: impl Into<String>) -> Self {
        Self::to(To::Udp(address.into()), ETHERNET)
    }

    /// To a unix datagram socket; the Agent's is `/var/run/datadog/dsd.socket`. There nothing is lost unseen, and datagrams are
    /// of up to 8192 bytes.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::to(To::Unix(path.into()), LOCAL)
    }

    fn to(to: To, max_datagram: usize) -> Self {
        let (tags, prefix) = (Tags::default(), String::new());
        Self { to, prefix, tags, histograms: false, packed: true, max_datagram, store: Store::default() }
    }

    /// What all names begin with, without the dot.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// A tag of all series, before their own.
    pub fn tag(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.tags.push(name.as_ref(), value.as_ref());
        self
    }

    /// Sends histograms (`h`: quantiles are made by each Agent) in place of distributions (`d`: they are made over all hosts).
    pub const fn histograms(mut self) -> Self {
        self.histograms = true;
        self
    }

    /// Sends each value of a histogram in a line of its own, for an Agent before 7.25.
    pub const fn unpacked(mut self) -> Self {
        self.packed = false;
        self
    }

    /// How many bytes a datagram may have, in place of the 1432 of Ethernet and the 8192 of a unix socket.
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
        let lines = Lines {
            prefix: self.prefix,
            tags: self.tags,
            histogram: if self.histograms { 'h' } else { 'd' },
            packed: self.packed,
            max_bytes: self.max_datagram,
        };
        let (name, store) = ("dogstatsd", self.store);
        let pusher = match self.to {
            To::Udp(to) => Pusher::new(name, store.clone(), lines, Udp::new(to)),
            To::Unix(to) => Pusher::new(name, store.clone(), lines, Unix::new(to)),
        };
        (store, pusher)
    }
}
