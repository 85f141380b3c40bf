//! towerkit in one dependency: a feature for each of its crates, and a module for each feature. There is no code here; a program may as well
//! name the crates it uses, and gets the same types.
//!
//! ```toml
//! towerkit = { version = "0.1", features = ["log", "transport-grpc"] }
//! ```
//!
//! ```
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use towerkit::endpoint::{DeadlineLayer, Endpoint, Error, CatchPanicLayer, endpoint_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let greet = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(1)))
//!     .layer(CatchPanicLayer::new())
//!     .service(endpoint_fn(|name: String| async move { Ok::<_, Error>(format!("Hello {name}")) }))
//!     .erased();
//! assert_eq!(greet.invoke("Ada".to_owned()).await?, "Hello Ada");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! `transport-http` and `lifecycle` are on by default; [`endpoint`] is always there. `all` switches on every crate, and no feature of theirs.
//!
//! | feature | module | is for |
//! | --- | --- | --- |
//! | | [`endpoint`] | requests, errors, endpoints, deadlines, panics |
//! | `transport-http` | `transport::http` | HTTP, JSON-RPC, server-sent events, a reverse proxy |
//! | `transport-grpc` | `transport::grpc` | gRPC: unary calls and streams |
//! | `transport-nats` | `transport::nats` | NATS: request and reply, and streams |
//! | `lifecycle` | `lifecycle` | the run group: start, readiness, drain, stop |
//! | `log` | `log` | structured logs |
//! | `metrics` | `metrics` | metrics: Prometheus, StatsD and others |
//! | `tracing` | `tracing` | traces: Zipkin, OTLP |
//! | `auth` | `auth` | who calls, and what it may do |
//! | `circuitbreaker` | `circuitbreaker` | circuit breakers, fallback |
//! | `ratelimit` | `ratelimit` | rate limits, adaptive concurrency |
//! | `retry` | `retry` | retries within a budget, hedging |
//! | `sd` | `sd` | discovery, registration, load balancing |
//! | `http-client` | `http_client` | what the layers talk HTTP by |
//! | `testing` | `testing` | the contract suite for layers of one's own |
//!
//! What a crate has behind a feature of its own is had by both names: `sd-consul` is the feature `consul` of the crate `sd`, and
//! `metrics-prometheus` the feature `prometheus` of `metrics`. Each brings its crate along.

pub use towerkit_endpoint as endpoint;

#[cfg(feature = "auth")]
pub use towerkit_auth as auth;
#[cfg(feature = "circuitbreaker")]
pub use towerkit_circuitbreaker as circuitbreaker;
#[cfg(feature = "http-client")]
pub use towerkit_http_client as http_client;
#[cfg(feature = "lifecycle")]
pub use towerkit_lifecycle as lifecycle;
#[cfg(feature = "log")]
pub use towerkit_log as log;
#[cfg(feature = "metrics")]
pub use towerkit_metrics as metrics;
#[cfg(feature = "ratelimit")]
pub use towerkit_ratelimit as ratelimit;
#[cfg(feature = "retry")]
pub use towerkit_retry as retry;
#[cfg(feature = "sd")]
pub use towerkit_sd as sd;
#[cfg(feature = "testing")]
pub use towerkit_testing as testing;
#[cfg(feature = "tracing")]
pub use towerkit_tracing as tracing;

/// The transports: an endpoint served, and a remote one called.
#[cfg(any(feature = "transport-grpc", feature = "transport-http", feature = "transport-nats"))]
pub mod transport {
    #[cfg(feature = "transport-grpc")]
    pub use towerkit_transport_grpc as grpc;
    #[cfg(feature = "transport-http")]
    pub use towerkit_transport_http as http;
    #[cfg(feature = "transport-nats")]
    pub use towerkit_transport_nats as nats;
}

// The guide's pages have need of all crates, and of a few features of theirs.
#[cfg(all(doctest, feature = "all", feature = "auth-jwt", feature = "metrics-prometheus", feature = "sd-file"))]
mod guide;
