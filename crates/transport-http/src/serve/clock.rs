use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::ServeEvent;
use super::executor::Progress;
use super::shared::Shared;

/// What one connection does, and since when: shared by its stream, its requests and its watch.
///
/// Noting something is a store, never a timer: the watch sets its one timer for the earliest end there can be, and looks here
/// when it fires. Relaxed ordering will do: all of HTTP/1 happens in one task, and HTTP/2 only counts.
pub(super) struct Clock {
    pub(super) shared: Arc<Shared>,
    peer: SocketAddr,
    /// The call of HTTP/2 that has begun, until its future is spawned: hyper does that at once, in the same task.
    begun: Mutex<Option<Arc<Progress>>>,
    /// Times below are microseconds since then.
    base: Instant,
    phase: AtomicU8,
    /// When the phase began, or [`UNKNOWN`]: the watch fills it in, so that most phases never cost a look at the clock.
    since: AtomicU64,
    in_flight: AtomicU32,
    /// It was asked to end, so being idle is allowed it for the shortest time only.
    ending: AtomicBool,
    /// Since when the peer takes too little of what is written to it, or [`UNKNOWN`] where nothing waits to be written.
    blocked: AtomicU64,
    /// When bytes of HTTP/2 came last, where silence is asked about.
    heard: AtomicU64,
    /// A flush was passed over, and none has come since.
    unflushed: AtomicBool,
}

const UNKNOWN: u64 = u64::MAX;

/// Nothing has come yet.
const SILENT: u8 = 0;
/// A part of a head has come.
const HEAD: u8 = 1;
/// The last request is answered, the next has not begun.
const IDLE: u8 = 2;
/// All is said, and the peer was told so.
const CLOSING: u8 = 3;

/// How long a peer that was told of the end may take to close its side.
const LINGER: Duration = Duration::from_secs(2);

/// What the time is up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Up {
    Header,
    Idle,
    Write,
    Closing,
}

impl Clock {
    pub(super) fn new(shared: Arc<Shared>, peer: SocketAddr) -> Self {
        Self {
            shared,
            peer,
            begun: Mutex::new(None),
            base: Instant::now(),
            phase: AtomicU8::new(SILENT),
            since: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            ending: AtomicBool::new(false),
            blocked: AtomicU64::new(UNKNOWN),
            heard: AtomicU64::new(0),
            unflushed: AtomicBool::new(false),
        }
    }

    /// Bytes of HTTP/1 came.
    pub(super) fn read(&self) {
        if self.phase.load(Ordering::Relaxed) == IDLE && self.in_flight.load(Ordering::Relaxed) == 0 {
            self.enter(HEAD);
        }
    }

    /// The peer's time begins now: what came before was the handshake, which has a limit of its own.
    #[cfg(feature = "tls")]
    pub(super) fn begin(&self) {
        self.enter(SILENT);
    }

    /// It speaks HTTP/2, where a connection without a request is nothing unusual.
    pub(super) fn is_http2(&self) {
        self.enter(IDLE);
        self.heard();
    }

    /// Bytes of HTTP/2 came.
    pub(super) fn heard(&self) {
        if self.shared.limits.keep_alive.is_some() {
            self.heard.store(self.now(), Ordering::Relaxed);
        }
    }

    pub(super) fn heard_at(&self) -> Instant {
        self.at(self.heard.load(Ordering::Relaxed))
    }

    /// A head is complete.
    pub(super) fn request(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A call of HTTP/2 begins, whose reply is watched on its own.
    pub(super) fn begin_stream(self: &Arc<Self>) -> Arc<Progress> {
        let progress = Progress::new(self.clone());
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress.clone());
        progress
    }

    pub(super) fn take_begun(&self) -> Option<Arc<Progress>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The peer does not take the reply on one stream.
    pub(super) fn stream_stalled(&self) {
        self.shared.tell(&ServeEvent::WriteStalled { peer: self.peer });
    }

    /// A reply is complete, or given up.
    pub(super) fn replied(&self) {
        if self.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.enter(IDLE);
        }
    }

    /// The drain has begun: the time to be idle for starts anew, and is shorter.
    pub(super) fn drain(&self) {
        if self.phase.load(Ordering::Relaxed) != HEAD {
            self.since.store(UNKNOWN, Ordering::Relaxed);
        }
    }

    /// An idle connection was asked to end.
    pub(super) fn end_it(&self) {
        self.ending.store(true, Ordering::Relaxed);
        self.since.store(UNKNOWN, Ordering::Relaxed);
    }

    /// The peer is told that nothing more comes.
    pub(super) fn closing(&self) {
        self.enter(CLOSING);
    }

    /// The peer takes nothing just now.
    pub(super) fn write_blocked(&self) {
        if self.blocked.load(Ordering::Relaxed) == UNKNOWN {
            self.blocked.store(self.now(), Ordering::Relaxed);
        }
    }

    /// The peer took something: that gives it a part of its time back, and never more than it has lost.
    pub(super) fn wrote(&self, bytes: usize) {
        let blocked = self.blocked.load(Ordering::Relaxed);
        if blocked != UNKNOWN {
            let micros = (bytes as u64).saturating_mul(1_000_000) / self.shared.limits.write_bytes_a_second;
            self.blocked.store(blocked.saturating_add(micros).min(self.now()), Ordering::Relaxed);
        }
    }

    /// A flush was passed over, or not.
    pub(super) fn passed_flush(&self, passed: bool) {
        self.unflushed.store(passed, Ordering::Relaxed);
    }

    /// Whether something waits for another flush; told once.
    pub(super) fn is_unflushed(&self) -> bool {
        self.unflushed.load(Ordering::Relaxed) && self.unflushed.swap(false, Ordering::Relaxed)
    }

    /// The peer took all there was.
    pub(super) fn wrote_all(&self) {
        if self.blocked.load(Ordering::Relaxed) != UNKNOWN {
            self.blocked.store(UNKNOWN, Ordering::Relaxed);
        }
    }

    /// Whether the peer has used up its time to take what is written.
    pub(super) fn is_stalled(&self) -> bool {
        let blocked = self.blocked.load(Ordering::Relaxed);
        blocked != UNKNOWN && Instant::now() >= self.at(blocked) + self.shared.limits.write_timeout
    }

    /// How many requests would be lost if the connection ended now. One of which a part has come counts.
    pub(super) fn unanswered(&self) -> u32 {
        match self.phase.load(Ordering::Relaxed) {
            CLOSING => 0,
            HEAD => self.in_flight.load(Ordering::Relaxed).max(1),
            _ => self.in_flight.load(Ordering::Relaxed),
        }
    }

    /// The earliest end that stands now; none while requests are served and their replies are taken.
    pub(super) fn end(&self) -> Option<(Instant, Up)> {
        let limits = &self.shared.limits;
        let phase = self.phase.load(Ordering::Relaxed);
        if phase != CLOSING {
            let blocked = self.blocked.load(Ordering::Relaxed);
            if blocked != UNKNOWN {
                return Some((self.at(blocked) + limits.write_timeout, Up::Write));
            }
            if self.in_flight.load(Ordering::Relaxed) > 0 {
                return None;
            }
        }
        let mut since = self.since.load(Ordering::Relaxed);
        if since == UNKNOWN {
            since = self.now();
            self.since.store(since, Ordering::Relaxed);
        }
        let grace = self.shared.grace();
        let (time, up) = match phase {
            CLOSING => (LINGER, Up::Closing),
            HEAD => (limits.header_timeout, Up::Header),
            SILENT if grace.is_none() => (limits.header_timeout, Up::Header),
            _ if self.ending.load(Ordering::Relaxed) => (LINGER, Up::Idle),
            _ => (limits.idle_timeout, Up::Idle),
        };
        // During the drain nothing but a request is worth more than the grace.
        let time = grace.filter(|_| phase != HEAD).map_or(time, |grace| time.min(grace));
        Some((self.at(since) + time, up))
    }

    /// Whether there is no end before the next look: requests are served, or the connection is idle since the last one.
    pub(super) fn is_quiet(&self) -> bool {
        self.blocked.load(Ordering::Relaxed) == UNKNOWN
            && match self.phase.load(Ordering::Relaxed) {
                CLOSING => false,
                _ if self.in_flight.load(Ordering::Relaxed) > 0 => true,
                // The look is nearer than the end of an idle time that begins now.
                phase => {
                    phase == IDLE
                        && self.since.load(Ordering::Relaxed) == UNKNOWN
                        && self.shared.grace().is_none()
                        && !self.ending.load(Ordering::Relaxed)
                }
            }
    }

    /// When the next look is due. So an idle connection is closed up to a quarter of the idle time later than said.
    pub(super) fn look_after(&self) -> Duration {
        let looks = self.shared.limits.idle_timeout / 4;
        self.shared.grace().map_or(looks, |grace| looks.min(grace))
    }

    fn enter(&self, phase: u8) {
        if self.phase.load(Ordering::Relaxed) != CLOSING {
            self.phase.store(phase, Ordering::Relaxed);
            self.since.store(UNKNOWN, Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_micros()).unwrap_or(UNKNOWN - 1)
    }

    fn at(&self, micros: u64) -> Instant {
        self.base + Duration::from_micros(micros)
    }
}
