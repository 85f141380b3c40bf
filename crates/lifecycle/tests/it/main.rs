//! The laws of the run group, by its public API.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and the program of the signal tests says what happens"
)]

mod support;

mod drain;
mod drop;
mod exit_code;
mod faults;
mod health;
mod lifeline;
mod listen;
mod report;
mod running;
mod signals;
mod start;
mod stop;
mod watch_files;
