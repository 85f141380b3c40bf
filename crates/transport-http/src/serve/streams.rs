use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ServeEvent;
use super::shared::Shared;

/// The streams of one HTTP/2 connection, as what hyper runs them on: one whose peer takes no more of its reply is dropped, which
/// resets it. The connection as a whole may be busy with others meanwhile, so its own watch does not see it.
#[derive(Clone)]
pub(super) struct Streams {
    shared: Arc<Shared>,
    peer: SocketAddr,
    /// hyper calls the service, and then gives the future to be run, one after the other: what the one leaves the other takes.
    begun: Arc<Mutex<Option<Arc<Progress>>>>,
}

impl Streams {
    pub(super) fn new(shared: Arc<Shared>, peer: SocketAddr) -> Self {
        Self { shared, peer, begun: Arc::default() }
    }

    /// The service was called for a stream.
    pub(super) fn begin(&self) -> Arc<Progress> {
        let progress = Arc::new(Progress::new());
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress.clone());
        progress
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        match begun {
            Some(progress) => {
                let (shared, peer) = (self.shared.clone(), self.peer);
                tokio::spawn(Watched { stream: Some(stream), progress, timer: None, shared, peer });
            }
            None => drop(tokio::spawn(stream)),
        }
    }
}

/// Whose turn it is in a stream: the service's, or the peer's, which is to take what there is.
pub(super) struct Progress {
    base: Instant,
    /// Since when it is the peer's, in microseconds since then; or [`SERVICE`].
    since: AtomicU64,
    /// How much of the reply hyper has in hand, until there is room for a part of it;
    in_hand: AtomicU64,
    /// and how much it had before, which is what the peer must take for that.
    given: AtomicU64,
}

const SERVICE: u64 = u64::MAX;

impl Progress {
    fn new() -> Self {
        Self {
            base: Instant::now(),
            since: AtomicU64::new(SERVICE),
            in_hand: AtomicU64::new(0),
            given: AtomicU64::new(0),
        }
    }

    /// The head of the reply, or so many bytes of its body, are there to be taken. hyper asks for more once it has room for them.
    pub(super) fn peers_turn(&self, bytes: usize) {
        let now = u64::try_from(self.base.elapsed().as_micros()).unwrap_or(SERVICE - 1);
        self.given.store(self.in_hand.swap(bytes as u64, Ordering::Relaxed), Ordering::Relaxed);
        self.since.store(now, Ordering::Relaxed);
    }

    /// hyper asks for more.
    pub(super) fn services_turn(&self) {
        self.since.store(SERVICE, Ordering::Relaxed);
    }

    /// When the peer has used up its time: what it has for the connection, and more for what it was given at once.
    fn end(&self, time: Duration, bytes_a_second: u64) -> Option<Instant> {
        let since = self.since.load(Ordering::Relaxed);
        let more = self.given.load(Ordering::Relaxed).saturating_mul(1_000_000) / bytes_a_second;
        (since != SERVICE).then(|| self.base + Duration::from_micros(since) + time + Duration::from_micros(more))
    }
}

pin_project! {
    struct Watched<F> {
        #[pin]
        stream: Option<F>,
        progress: Arc<Progress>,
        // Set when the peer does not take what there is at once.
        timer: Option<Pin<Box<Sleep>>>,
        shared: Arc<Shared>,
        peer: SocketAddr,
    }

    impl<F> PinnedDrop for Watched<F> {
        fn drop(this: Pin<&mut Self>) {
            // The task is dropped by the panic that ends it.
            if std::thread::panicking() {
                this.shared.tell(&ServeEvent::Panicked);
            }
        }
    }
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        if stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let limits = &this.shared.limits;
        let Some(end) = this.progress.end(limits.write_time, limits.write_bytes_a_second) else { return Poll::Pending };
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if timer.deadline() != end {
            timer.as_mut().reset(end);
        }
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.stream.set(None);
        this.shared.tell(&ServeEvent::WriteStalled { peer: *this.peer });
        Poll::Ready(())
    }
}
