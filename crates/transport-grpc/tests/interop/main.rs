//! The cases that gRPC publishes for its implementations to be tried against each other ("Interoperability Test Case Descriptions"):
//! a client of another make against our server, our client against a server of another make, and ours against ours.
//!
//! What is not here wants a cloud (the cases of credentials), a proxy that caches (`cacheable_unary`) or more than one server.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
#[cfg(feature = "tls")]
mod certs;
#[cfg(feature = "compression")]
mod compressed;
mod go_client;
mod go_server;
mod namespace;
mod ours;
mod pb;
mod service;
mod site;
#[cfg(feature = "compression")]
mod tap;
