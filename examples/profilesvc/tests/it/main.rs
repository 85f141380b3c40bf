//! The service as a process on a port of its own, and its client before several of them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod bad_input;
mod client;
mod consul;
mod flags;
mod profiles;
mod running;
mod stop;
