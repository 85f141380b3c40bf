//! The guide's pages, where a block of Rust can't say it: pages done as a reader does them, and a table beside what it tells of.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod error_table;
mod from_a_proto;
mod getting_started;
mod typed;
