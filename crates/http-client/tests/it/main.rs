//! The client against real sockets, and what surrounds it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod body;
mod client;
mod server;
mod text;
mod url;
