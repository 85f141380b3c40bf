//! The laws of the server side, one a test.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod codecs;
mod context;
mod errors;
mod hooks;
mod mounts;
mod problem;
mod router;
mod stack;
mod support;
mod validation;
