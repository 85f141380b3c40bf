//! The short scenario on the real programs, and that the page is of the text it is written from.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod page;
mod programs;
mod scenario;
