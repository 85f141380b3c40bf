//! `serve` over real sockets.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod accept;
mod basics;
mod bodies;
mod drain;
mod host;
mod http2;
mod limits;
mod load;
mod on_error;
mod raw;
mod site;
mod tools;
