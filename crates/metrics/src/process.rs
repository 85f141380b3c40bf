//! What the process itself uses: CPU, memory, file descriptors, threads; and how Tokio's runtime does.
//!
//! | name | is | |
//! | --- | --- | --- |
//! | `process_cpu_seconds_total` | CPU time, of users and of the system, in steps of 10 ms | counter |
//! | `process_resident_memory_bytes` | memory that is in RAM | gauge |
//! | `process_virtual_memory_bytes` | address space | gauge |
//! | `process_open_fds`, `process_max_fds` | open file descriptors, and how many there may be (none where there is no limit) | gauges |
//! | `process_threads` | threads | gauge |
//! | `process_start_time_seconds` | when it began, in seconds since 1970 | gauge |
//! | `tokio_workers` | worker threads | gauge |
//! | `tokio_alive_tasks` | tasks that have not ended | gauge |
//! | `tokio_global_queue_depth` | tasks that wait for any worker | gauge |
//! | `tokio_workers_busy_seconds_total` | how long the workers were busy, together; where atomics have 64 bits | counter |
//!
//! The names are those of Prometheus's own clients, so give it a handle without a prefix. The first seven are read from `/proc`, which
//! Linux has; elsewhere they are not there. A sample takes some 50 µs, and more where thousands of files are open.
//!
//! ```
//! use std::time::Duration;
//! use towerkit_lifecycle::Group;
//! use towerkit_metrics::process::Process;
//! use towerkit_metrics::{Memory, Metrics};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let memory = Memory::new();
//! let process = Process::new(&Metrics::new(memory.clone())).runtime(tokio::runtime::Handle::current());
//!
//! // Where metrics are pushed, in a member of the group:
//! let group = Group::new().with(process.clone().interval(Duration::from_secs(5)));
//! // Where they are scraped: `prometheus.before_scrape(move || process.sample())`.
//!
//! process.sample();
//! assert_eq!(memory.gauge("tokio_workers", []), Some(1.0));
//! # let _ = group;
//! # }
//! ```

mod member;
mod runtime;
mod stat;

use std::time::Duration;

use metrics::Gauge;
use tokio::runtime::Handle;

use self::runtime::Runtime;
use self::stat::Stat;
use crate::Metrics;

/// The metrics of this process: sampled [by hand](Self::sample), or, as a [`Member`](towerkit_lifecycle::Member) of a group, at an
/// [interval](Self::interval), and once more at the stop.
///
/// Clones set the same gauges.
#[derive(Clone, Debug)]
pub struct Process {
    gauges: Vec<(Gauge, Of)>,
    metrics: Metrics,
    runtimes: Vec<Runtime>,
    interval: Duration,
}

impl Process {
    /// Into a recorder; sampled once, so that what is there is known.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let first = Stat::now();
        let known = SERIES.iter().filter(|(.., of)| of(&first).is_some());
        let gauges = known.map(|(name, description, of)| (metrics.gauge(name, *description), *of)).collect();
        let process =
            Self { gauges, metrics: metrics.clone(), runtimes: Vec::new(), interval: Duration::from_secs(10) };
        process.set(&first);
        process
    }

    /// And those of a Tokio runtime. Where there are several, label the handle they are made of.
    #[must_use]
    pub fn runtime(mut self, runtime: Handle) -> Self {
        let runtime = Runtime::new(&self.metrics, runtime);
        runtime.sample();
        self.runtimes.push(runtime);
        self
    }

    /// Looks, and sets the gauges.
    pub fn sample(&self) {
        if !self.gauges.is_empty() {
            self.set(&Stat::now());
        }
        self.runtimes.iter().for_each(Runtime::sample);
    }

    /// How often it looks as a member of a group, in place of 10 s; 10 ms at least.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_millis(10));
        self
    }

    fn set(&self, stat: &Stat) {
        for (gauge, of) in &self.gauges {
            if let Some(value) = of(stat) {
                gauge.set(value);
            }
        }
    }
}

/// Where the value is.
type Of = fn(&Stat) -> Option<f64>;

/// A name, a description, and where the value is.
type Series = (&'static str, &'static str, Of);

const SERIES: [Series; 7] = [
    ("process_cpu_seconds_total", "CPU time of the process, user and system.", |stat| stat.cpu_seconds),
    ("process_resident_memory_bytes", "Memory of the process that is in RAM.", |stat| stat.resident_bytes),
    ("process_virtual_memory_bytes", "Address space of the process.", |stat| stat.virtual_bytes),
    ("process_open_fds", "Open file descriptors.", |stat| stat.open_fds),
    ("process_max_fds", "How many file descriptors may be open.", |stat| stat.max_fds),
    ("process_threads", "Threads of the process.", |stat| stat.threads),
    ("process_start_time_seconds", "When the process began, in seconds since 1970.", |stat| stat.start_seconds),
];
