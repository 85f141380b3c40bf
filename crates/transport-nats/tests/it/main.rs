//! The transport on real servers of NATS, an old one and the current one, and what can go wrong with them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod cli;
mod closed;
mod contract;
mod deadlines;
mod drain;
mod errors;
mod full;
mod gokit;
mod hooks;
mod lame_duck;
mod limits;
mod metadata;
mod micro;
mod nats_py;
mod outage;
mod permissions;
mod site;
mod slow;
mod stream;
mod stream_end;
mod stream_loss;
mod stream_wire;
mod subjects;
mod what_was_lost;
