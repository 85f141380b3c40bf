//! The programs as a user has them: started, called, stopped.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod auth;
mod cli;
mod contract;
mod fleet;
mod grpcio;
mod grpcurl;
mod http;
mod json_rpc;
mod nats;
mod registry;
mod resilience;
mod running;
mod serving;
mod stop;
mod telemetry;
