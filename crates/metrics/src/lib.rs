//! Metrics for any transport: a layer that counts and times requests, and recorders for the usual backends.
//!
//! # The page to start from
//!
//! ```
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use towerkit_endpoint::{DeadlineLayer, Endpoint, Error, endpoint_fn};
//! use towerkit_metrics::{Metrics, Prometheus};
//! use towerkit_transport_http::codec::{Empty, Raw};
//! use towerkit_transport_http::{Router, Server};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let prometheus = Prometheus::new();
//! let metrics = Metrics::new(prometheus.clone()).prefixed("addsvc");
//!
//! let sum = ServiceBuilder::new()
//!     .layer(metrics.requests("sum"))
//!     .layer(DeadlineLayer::new(Duration::from_secs(1)))
//!     .service(endpoint_fn(|(a, b): (i64, i64)| async move { Ok::<_, Error>(a + b) }))
//!     .erased();
//! let debug = Router::new().get("/metrics", Server::new(prometheus.scrape(), Empty, Raw::default()));
//!
//! sum.invoke((1, 2)).await?;
//! assert!(prometheus.text().contains("addsvc_requests_total{code=\"ok\",operation=\"sum\"} 1\n"));
//! # let _ = debug;
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is global: a [`Metrics`] is a handle on the recorder it was made of, and is passed to whoever records. The macros of the
//! `metrics` crate, and what others record by them, are not seen here; its traits are, so that a recorder of another crate serves as well
//! ([`Foreign`]).
//!
//! # What the layers record
//!
//! | [a server's layer](Metrics::requests) | [a client's](Metrics::calls) | kind | labels |
//! | --- | --- | --- | --- |
//! | `requests_total` | `calls_total` | counter | `operation`, `code` |
//! | `requests_in_flight` | `calls_in_flight` | gauge | `operation` |
//! | `request_duration_seconds` | `call_duration_seconds` | histogram | `operation` |
//!
//! `code` is `ok`, or the [name of the error's code](towerkit_endpoint::Code::as_str): 17 values at the most. `ok` and the
//! [faults](towerkit_endpoint::Code::is_fault) are there from the start, at zero, so that a rate sees the first of them; a refusal
//! once a call has ended so. Labels are bounded by what the program says, and nothing that a caller sends gets into one.
//!
//! A call counts from its first poll to its end. Dropped before, it is `cancelled`: the caller went away. One whose service panics is
//! `internal`. Where the reply is a stream, the end is that of the stream, and so are duration and code. A call in a sampled trace leaves
//! its trace with its duration, as an exemplar, where the recorder has those.
//!
//! A request that reaches no endpoint reaches no layer either, because it can't be decoded, say: [`Metrics::unserved`] counts those.
//!
//! # Where it stands in a stack
//!
//! ```text
//! tracing     the trace is known from here on
//! logs
//! metrics     sees what the layers below refuse, and what their deadline cuts off
//! deadline
//! limiter, breaker, retry
//! endpoint
//! ```
//!
//! In a client's stack outside of a retry it counts calls, inside of it attempts; for both give the inner one a name of its own.
//!
//! # What it costs
//!
//! A call without a failure allocates nothing and takes no lock. Beside the recorder's work it costs two looks at the processor's time
//! stamp counter. A stream's call costs one allocation, and the first call that is refused with a code the registration of its series.
//!
//! # Names and units
//!
//! Names are those of [Prometheus](https://prometheus.io/docs/practices/naming/): base units, the unit last, `_total` for what only
//! grows. By this the unit of a metric is known to recorders that want one: `_seconds`, `_milliseconds`, `_microseconds`, `_nanoseconds`,
//! `_bytes`, `_kibibytes`, `_mebibytes`, `_gibibytes`, `_tebibytes`, `_percent`, each with or without a `_total` after it.
//!
//! # Recorders
//!
//! | | sends | feature |
//! | --- | --- | --- |
//! | `Prometheus` | nothing: it is scraped | `prometheus` |
//! | `statsd::Statsd` | StatsD's datagrams or its stream | `statsd` |
//! | `dogstatsd::Dogstatsd` | the same with tags, to Datadog's agent | `dogstatsd` |
//! | `graphite::Graphite` | lines, over TCP | `graphite` |
//! | `influxdb::InfluxDb` | the line protocol, over HTTP | `influxdb` |
//! | `cloudwatch::CloudWatch` | PutMetricData, signed | `cloudwatch` |
//! | [`Fanout`] | to several recorders at once | |
//! | [`Memory`] | nothing: tests ask it | |
//!
//! Those that send are made together with what sends, a `push::Pusher`: a member of the group that is added first, so that it stops after
//! the servers and sends what is left. `push::Stats` say at any moment what was sent, and what was lost, and why; the recorder has them. The
//! feature `process` has metrics of the process itself, in `process`.

mod clock;
#[cfg(feature = "cloudwatch")]
pub mod cloudwatch;
#[cfg(feature = "dogstatsd")]
pub mod dogstatsd;
#[cfg(any(feature = "cloudwatch", feature = "influxdb"))]
mod exchange;
mod fanout;
mod future;
#[cfg(feature = "graphite")]
pub mod graphite;
mod handle;
#[cfg(feature = "influxdb")]
pub mod influxdb;
mod layer;
mod memory;
mod operation;
#[cfg(feature = "process")]
pub mod process;
#[cfg(feature = "prometheus")]
mod prometheus;
#[cfg(feature = "push")]
pub mod push;
mod recorder;
mod service;
#[cfg(any(feature = "cloudwatch", feature = "influxdb"))]
mod settings;
#[cfg(feature = "statsd")]
pub mod statsd;
mod under_way;
mod unit;

pub use fanout::Fanout;
pub use future::MeasuredFuture;
pub use handle::Metrics;
pub use layer::MetricsLayer;
pub use memory::Memory;
pub use metrics::{Counter, Gauge, Histogram};
#[cfg(feature = "prometheus")]
pub use prometheus::{Prometheus, Scrape, ScrapeFuture};
pub use recorder::{Foreign, RecordExemplar, Recorder};
pub use service::Measured;
#[cfg(any(feature = "cloudwatch", feature = "influxdb"))]
pub use settings::InvalidSettings;
#[cfg(any(feature = "cloudwatch", feature = "influxdb"))]
pub use towerkit_http_client::HttpClient;
