//! The laws of the crate, one a test.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(all(feature = "otlp", feature = "zipkin"))]
mod backends;
#[cfg(any(feature = "otlp", feature = "zipkin"))]
mod collector;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(any(feature = "otlp", feature = "zipkin"))]
mod sample;
#[cfg(feature = "zipkin")]
mod zipkin;

mod attempts;
mod b3;
mod baggage;
mod calls;
mod cost;
mod export;
mod hops;
mod parsers;
mod requests;
mod sampling;
mod spans;
mod support;
mod w3c;
