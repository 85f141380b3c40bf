//! What a hostile peer does to `serve`, over raw sockets. `docs/security.md` has a row for each.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod frames;
mod framing;
mod heads;
mod http2_floods;
mod http2_limits;
mod http2_panics;
mod http2_windows;
#[path = "../serve/raw.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod raw;
#[path = "../serve/site.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod site;
mod slow;
mod wire;
