//! Where what is lock-free takes its atomics from: `tests/loom` puts loom's in this place.

pub(super) use std::sync::atomic::{AtomicU64, Ordering};
pub(super) use std::thread::yield_now;
