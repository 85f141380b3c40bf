//! The laws of the core, one a test.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod code;
mod compile_errors;
mod context;
mod contract;
mod deadline;
mod endpoint;
mod error;
mod exchange;
mod metadata;
mod middleware_fn;
mod panic;
mod peer_identity;
mod report;
mod tail;
mod timeout;
#[cfg(feature = "garde")]
mod validate;
