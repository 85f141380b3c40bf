//! Messages and replies that are streams, over real sockets.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod ends;
mod events;
mod lines;
mod site;
mod source;
