//! The one-page service does what its page says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod greeter;
mod registered;
mod serving;
