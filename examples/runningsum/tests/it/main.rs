//! The programs as a user has them, and what others make of them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli;
mod flow;
mod grpcio_client;
mod grpcio_server;
mod grpcurl;
mod running;
mod stop;
