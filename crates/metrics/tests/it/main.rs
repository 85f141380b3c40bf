//! The laws of the crate, one a test.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "cloudwatch")]
mod cloudwatch;
#[cfg(feature = "prometheus")]
mod cost;
#[cfg(feature = "dogstatsd")]
mod dogstatsd;
mod fanout;
#[cfg(feature = "graphite")]
mod graphite;
#[cfg(any(feature = "cloudwatch", feature = "influxdb"))]
mod http_server;
#[cfg(feature = "influxdb")]
mod influxdb;
mod layer;
#[cfg(feature = "prometheus")]
mod page;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "prometheus")]
mod prometheus_server;
#[cfg(feature = "push")]
mod push_pusher;
#[cfg(feature = "push")]
mod push_sinks;
#[cfg(feature = "push")]
mod push_store;
#[cfg(feature = "push")]
mod push_support;
#[cfg(feature = "statsd")]
mod statsd;
