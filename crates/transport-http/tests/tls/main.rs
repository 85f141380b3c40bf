//! TLS over real sockets.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod between;
mod certs;
mod drain;
mod reload;
mod site;
mod tools;
