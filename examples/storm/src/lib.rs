//! What a client's layers do when its server fails.
//!
//! A [`server`] with a bounded number of workers fails half of its calls, then hangs, then recovers, while a [`load`] that waits
//! for nobody goes on as ever. The client calls through one of several [`stacks`]; the [`report`] says how each fared.
//!
//! Time is Tokio's, and paused: half a minute passes in a moment, and every run is the same. The layers are the real ones, and
//! so is their timing; what is made up is the server, and that there is no network.

pub mod load;
pub mod plot;
pub mod report;
pub mod server;
pub mod stacks;

use std::time::Duration;

/// From here on half of the calls fail.
pub const FAILS: Duration = Duration::from_secs(5);
/// From here on no call is answered.
pub const HANGS: Duration = Duration::from_secs(10);
/// From here on all is well.
pub const WELL: Duration = Duration::from_secs(15);
/// The end.
pub const END: Duration = Duration::from_secs(30);

/// The page on these layers, as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/resilience.md")]
struct Resilience;
