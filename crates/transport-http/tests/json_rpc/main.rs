//! JSON-RPC 2.0 over real sockets.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod calls;
mod client;
mod http;
mod jayson;
mod section7;
mod site;
