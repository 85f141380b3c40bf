//! The laws of the crate, one a test.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod cost;
mod fields;
mod filter;
mod forging;
mod formats;
mod levels;
mod line_limits;
mod non_blocking;
mod reader;
mod redacted;
mod repeats;
mod requests;
mod scopes;
mod spans;
mod streams;
mod support;
mod syslog;
mod threads;
