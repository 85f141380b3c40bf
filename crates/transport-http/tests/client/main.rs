//! What the client promises, against real sockets where a socket has a part in it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod awkward;
mod codecs;
mod contract;
mod hooks;
mod outgoing;
mod pool;
mod refusals;
mod support;
mod time;
mod urls;
