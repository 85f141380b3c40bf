use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::limits::Limits;

/// What one connection does, and since when: shared by its stream, its requests and its watch.
///
/// Noting something is a store, never a timer: the watch sets its one timer for the earliest end there can be, and looks here
/// when it fires. Relaxed ordering will do: all of HTTP/1 happens in one task, and HTTP/2 only counts.
#[derive(Debug)]
pub(super) struct Clock {
    /// Times below are microseconds since then.
    base: Instant,
    phase: AtomicU8,
    /// When the phase began, or [`UNKNOWN`]: the watch fills it in, so that most phases never cost a look at the clock.
    since: AtomicU64,
    in_flight: AtomicU32,
    /// Since when a write is blocked, or [`UNKNOWN`] where none is.
    blocked: AtomicU64,
}

const UNKNOWN: u64 = u64::MAX;

const SILENT: u8 = 0;
const HEAD: u8 = 1;
const IDLE: u8 = 2;

/// What the time is up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Up {
    Header,
    Idle,
    Write,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            base: Instant::now(),
            phase: AtomicU8::new(SILENT),
            since: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            blocked: AtomicU64::new(UNKNOWN),
        }
    }

    /// Bytes came.
    pub(super) fn read(&self) {
        if self.phase.load(Ordering::Relaxed) == IDLE && self.in_flight.load(Ordering::Relaxed) == 0 {
            self.enter(HEAD);
        }
    }

    /// A head is complete.
    pub(super) fn request(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A reply is complete, or given up.
    pub(super) fn replied(&self) {
        if self.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.enter(IDLE);
        }
    }

    /// An idle connection was asked to end: it has the time of a head for it.
    pub(super) fn last_idle(&self) {
        self.enter(IDLE);
    }

    pub(super) fn write_blocked(&self) {
        if self.blocked.load(Ordering::Relaxed) == UNKNOWN {
            self.blocked.store(self.now(), Ordering::Relaxed);
        }
    }

    pub(super) fn write_moved(&self) {
        self.blocked.store(UNKNOWN, Ordering::Relaxed);
    }

    /// The earliest end that stands now; none while requests are served and their replies are taken.
    pub(super) fn end(&self, limits: &Limits) -> Option<(Instant, Up)> {
        let blocked = self.blocked.load(Ordering::Relaxed);
        if blocked != UNKNOWN {
            return Some((self.at(blocked) + limits.write_stall, Up::Write));
        }
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let mut since = self.since.load(Ordering::Relaxed);
        if since == UNKNOWN {
            since = self.now();
            self.since.store(since, Ordering::Relaxed);
        }
        Some(match self.phase.load(Ordering::Relaxed) {
            IDLE => (self.at(since) + limits.idle_time, Up::Idle),
            _ => (self.at(since) + limits.header_time, Up::Header),
        })
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Ordering::Relaxed);
        self.since.store(UNKNOWN, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_micros()).unwrap_or(UNKNOWN - 1)
    }

    fn at(&self, micros: u64) -> Instant {
        self.base + Duration::from_micros(micros)
    }
}
