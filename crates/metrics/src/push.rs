//! What pushing to a backend takes, whichever it is: to aggregate, to pack, to send, and to count what is lost.
//!
//! ```text
//! handles ──▶ Store ──snapshot──▶ Encode ──payloads──▶ Sink ──▶ backend
//!               ▲                                        │
//!               └──────── counters, not delivered ◀──────┘      the Pusher drives it, at an interval
//! ```
//!
//! A backend of your own is an [`Encode`] and, where UDP, a unix datagram socket or TCP is not what it listens to, a [`Sink`]:
//!
//! ```
//! use std::time::Duration;
//! use towerkit_lifecycle::Member;
//! use towerkit_metrics::push::{Batch, Encode, Packer, Pusher, Snapshot, Store, Udp, Value};
//!
//! struct Lines;
//!
//! impl Encode for Lines {
//!     fn encode(&mut self, snapshot: &Snapshot) -> Batch {
//!         let mut packer = Packer::new(1432);
//!         for (place, series) in snapshot.series.iter().enumerate() {
//!             if let Value::Counter(growth) = series.value {
//!                 packer.line(place, 1, |line| *line = format!("{} {growth}", series.key.name()));
//!             }
//!         }
//!         packer.finish()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = Store::default(); // the recorder
//! let pusher = Pusher::new("lines", store.clone(), Lines, Udp::new("127.0.0.1:9999")).interval(Duration::from_secs(1));
//! let running = pusher.spawn(); // in earnest: a member of a group
//! running.stop(Duration::from_secs(5)).await;
//! let stats = store.stats();
//! assert_eq!((stats.sent, stats.lost()), (0, 0));
//! # }
//! ```

mod cells;
mod encode;
mod event;
mod flush;
mod number;
mod packer;
#[cfg(any(feature = "statsd", feature = "graphite"))]
mod path;
mod pusher;
mod reservoir;
mod sink;
mod snapshot;
mod stats;
mod store;
mod sync;
mod tcp;
mod udp;
mod unix;

pub use encode::{Batch, Encode, Payload};
pub use event::PushEvent;
pub use packer::Packer;
#[cfg(any(feature = "statsd", feature = "graphite"))]
pub use path::PathLabels;
#[cfg(any(feature = "statsd", feature = "graphite"))]
pub(crate) use path::Paths;
#[cfg(feature = "graphite")]
pub(crate) use pusher::LONGEST_INTERVAL;
pub use pusher::Pusher;
pub use sink::{SendError, Sink};
pub use snapshot::{Samples, Series, Snapshot, Value};
pub use stats::Stats;
pub use store::Store;
pub use tcp::Tcp;
pub use udp::Udp;
pub use unix::Unix;
