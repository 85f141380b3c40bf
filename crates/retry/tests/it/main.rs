//! The laws of retry and hedge, one a test.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod budget;
mod cancellation;
mod contract;
mod cost;
mod errors;
mod foreign;
mod hedge;
mod percentile;
mod repeating;
mod scripted;
mod timing;
