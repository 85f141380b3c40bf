//! The reverse proxy, between raw sockets and beside nginx.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod backend;
mod beside_nginx;
mod failures;
mod rules;
mod site;
mod streaming;
