//! Where the lock-free parts take their atomics from: `tests/loom` puts loom's in this place.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
