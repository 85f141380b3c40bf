use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::outcome::Levels;
use crate::core::Handle;
use crate::format::{Encoded, Names, Value};
use crate::logger::On;

/// Whose requests they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A server's.
    Request,
    /// A client's.
    Call,
}

impl Kind {
    pub(crate) const fn target(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Call => "call",
        }
    }
}

/// What a layer was told.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) kind: Kind,
    pub(super) operation: Arc<str>,
    pub(super) levels: Levels,
    pub(super) slow_after: Option<Duration>,
    pub(super) one_in: u32,
    pub(super) left_out: Arc<AtomicU64>,
}

/// What all requests of a service share.
pub(crate) struct Settings {
    pub(crate) handle: Arc<Handle>,
    pub(crate) bound: Arc<Encoded>,
    /// The field, as it stands in a line.
    pub(crate) operation: Encoded,
    pub(super) options: Options,
    seen: AtomicU64,
    untold: AtomicU64,
}

impl Settings {
    pub(super) fn new(on: &On, options: Options) -> Self {
        let On { handle, bound } = on;
        let mut operation = Encoded::default();
        operation.field(handle.core.format, Names::Own, "operation", Value::Text(&options.operation));
        let (handle, bound) = (Arc::clone(handle), Arc::clone(bound));
        Self { handle, bound, operation, options, seen: AtomicU64::new(0), untold: AtomicU64::new(0) }
    }

    /// The most detailed level that the filter lets through.
    pub(super) fn most_detailed(&self) -> LevelFilter {
        let filter = self.handle.core.filter.load();
        match self.options.kind {
            Kind::Request => filter.requests,
            Kind::Call => filter.calls,
        }
    }

    /// Whether a request that went well is written; with how many were left out before it.
    pub(super) fn admit(&self) -> Option<u64> {
        let one_in = u64::from(self.options.one_in);
        if one_in > 1 && !self.seen.fetch_add(1, Relaxed).is_multiple_of(one_in) {
            self.untold.fetch_add(1, Relaxed);
            self.options.left_out.fetch_add(1, Relaxed);
            return None;
        }
        Some(if one_in > 1 { self.untold.swap(0, Relaxed) } else { 0 })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}
