//! shipping and its routing service do what they say: both as processes, on ports of their own.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod booking;
mod cors;
mod domain;
mod flags;
mod handling;
mod operators;
mod programs;
mod routing;
mod story;
mod tracking;
