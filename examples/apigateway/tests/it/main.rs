//! The gateway before real services, found by lists and by registries.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod consul;
#[cfg(feature = "etcd")]
mod etcd;
mod flags;
mod lists;
mod load;
mod programs;
mod registries;
mod tracing;
