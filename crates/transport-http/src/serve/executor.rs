use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ServeEvent;
use super::clock::Clock;

/// Spawns the streams of an HTTP/2 connection, and ends each whose peer does not take its reply.
///
/// hyper gives each stream's future to its executor, and the stream is reset when that is dropped. What of a reply has been
/// handed over and what has not is known from the reply's body, see [`Progress`].
#[derive(Clone)]
pub(super) struct Streams {
    clock: Arc<Clock>,
}

impl Streams {
    pub(super) const fn new(clock: Arc<Clock>) -> Self {
        Self { clock }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        // What is no call is an upgrade.
        let progress = self.clock.take_begun().unwrap_or_else(|| Progress::new(self.clock.clone()));
        tokio::spawn(Watched { stream, progress, stall: None });
    }
}

/// How far a reply has come on its stream.
///
/// hyper asks for the next piece of a body as soon as it has sent the last. So where its future waits, and a piece is out, it is
/// the peer that it waits for; else it waits for the service.
pub(super) struct Progress {
    pub(super) clock: Arc<Clock>,
    /// A piece was handed over, and the next has not been asked for.
    out: AtomicBool,
    /// The bytes of all pieces that were handed over.
    bytes: AtomicU64,
}

// Relaxed ordering will do: all of a stream happens in one task.
impl Progress {
    pub(super) fn new(clock: Arc<Clock>) -> Arc<Self> {
        Arc::new(Self { clock, out: AtomicBool::new(false), bytes: AtomicU64::new(0) })
    }

    pub(super) fn asked(&self) {
        self.out.store(false, Ordering::Relaxed);
    }

    pub(super) fn handed_over(&self, bytes: usize) {
        self.bytes.store(self.bytes.load(Ordering::Relaxed) + bytes as u64, Ordering::Relaxed);
        self.out.store(true, Ordering::Relaxed);
    }
}

pin_project! {
    struct Watched<F> {
        #[pin]
        stream: F,
        progress: Arc<Progress>,
        // Set at the first wait for the peer: a reply that is taken at once never needs a timer.
        stall: Option<Box<Stall>>,
    }
}

struct Stall {
    /// The time is counted from here: later than the wait began, for what was taken since.
    since: Instant,
    /// What had been handed over at the last look.
    bytes: u64,
    timer: Pin<Box<Sleep>>,
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        // It is not polled again after a panic.
        match catch_unwind(AssertUnwindSafe(|| this.stream.poll(cx))) {
            Ok(Poll::Ready(())) => return Poll::Ready(()),
            Ok(Poll::Pending) => {}
            Err(_) => {
                this.progress.clock.shared.tell(&ServeEvent::Panicked);
                return Poll::Ready(());
            }
        }
        let Progress { clock, out, bytes } = &**this.progress;
        if !out.load(Ordering::Relaxed) {
            *this.stall = None;
            return Poll::Pending;
        }
        let limits = &clock.shared.limits;
        let bytes = bytes.load(Ordering::Relaxed);
        let stall = this.stall.get_or_insert_with(|| {
            let now = Instant::now();
            Box::new(Stall { since: now, bytes, timer: Box::pin(sleep_until(now + limits.write_timeout)) })
        });
        if bytes > stall.bytes {
            // As with all of a connection: what is taken gives a part of the time back, and never more than is lost.
            let micros = (bytes - stall.bytes).saturating_mul(1_000_000) / limits.write_bytes_a_second;
            let now = Instant::now();
            stall.since = stall.since.checked_add(Duration::from_micros(micros)).map_or(now, |since| since.min(now));
            stall.bytes = bytes;
            stall.timer.as_mut().reset(stall.since + limits.write_timeout);
        }
        if stall.timer.as_mut().poll(cx).is_ready() {
            clock.stream_stalled();
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
