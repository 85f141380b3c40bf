//! The transport on real sockets: the four kinds of calls, in both ways of mounting, and what can go wrong with them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_calls;
mod bad_replies;
mod cancel;
mod channels;
#[cfg(feature = "compression")]
mod compression;
mod contract;
mod drain;
mod errors;
mod flow;
mod generated;
#[cfg(feature = "health")]
mod health;
mod hooks;
mod kinds;
mod metadata;
mod on_error;
mod one_port;
mod raw;
#[cfg(all(feature = "health", feature = "reflection"))]
mod reflection;
mod refused;
mod site;
mod time;
mod tls;
mod web;
