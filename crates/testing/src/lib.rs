//! Strict probes and the contract suite.
//!
//! # Modules
pub mod contract;
pub mod events;
pub mod probe;
pub mod report;
mod wait;

/// The error of a [`probe::Probe`] that is not given another: what Tower's own layers use.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
