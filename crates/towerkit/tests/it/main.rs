//! The guide's pages, where a block of Rust can't say it: the first page done as a reader does it, and a table beside what it tells of.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod error_table;
mod getting_started;
