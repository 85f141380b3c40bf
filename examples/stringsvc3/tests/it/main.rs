//! The tutorial's third page does what it says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod flags;
mod proxying;
mod running;
