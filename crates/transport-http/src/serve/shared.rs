use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use towerkit_endpoint::ErrorHandlers;

use super::limits::Limits;
use super::stream_stop::StreamStop;
use super::{OnEvent, ServeEvent};

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    on_event: Arc<OnEvent>,
    pub(super) on_error: Option<Arc<ErrorHandlers>>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<crate::tls::ServerTls>,
    /// The drain has begun; this wakes the connections.
    pub(super) drain: CancellationToken,
    /// Tells the streams when to end.
    pub(super) stop: StreamStop,
    /// Set before: how long a connection may then be idle for. The token knows that it was cancelled behind a lock only.
    grace: OnceLock<Duration>,
    /// What is left is being cut.
    cutting: AtomicBool,
    cut_connections: AtomicUsize,
    cut_requests: AtomicUsize,
}

impl Shared {
    pub(super) fn new(limits: Limits, on_event: Arc<OnEvent>, on_error: ErrorHandlers) -> Self {
        let drain = CancellationToken::new();
        Self {
            limits,
            on_event,
            on_error: (!on_error.is_empty()).then(|| Arc::new(on_error)),
            #[cfg(feature = "tls")]
            tls: None,
            drain: drain.clone(),
            stop: StreamStop::new(drain),
            grace: OnceLock::new(),
            cutting: AtomicBool::new(false),
            cut_connections: AtomicUsize::new(0),
            cut_requests: AtomicUsize::new(0),
        }
    }

    #[cfg(feature = "tls")]
    pub(super) fn with_tls(mut self, tls: Option<crate::tls::ServerTls>) -> Self {
        self.tls = tls;
        self
    }

    pub(super) fn tell(&self, event: &ServeEvent) {
        (self.on_event)(event);
    }

    /// Begins the drain.
    pub(super) fn drain(&self, grace: Duration, streams_until: Option<Instant>) {
        self.stop.set(streams_until);
        let _ = self.grace.set(grace);
        self.drain.cancel();
    }

    /// How long a connection may be idle for, once the drain has begun.
    pub(super) fn grace(&self) -> Option<Duration> {
        self.grace.get().copied()
    }

    /// From here on a connection that is dropped was cut.
    pub(super) fn cut(&self) {
        self.cutting.store(true, Ordering::Relaxed);
    }

    /// A connection was dropped with this many requests unanswered.
    pub(super) fn dropped(&self, requests: u32) {
        if requests > 0 && self.cutting.load(Ordering::Relaxed) {
            self.cut_connections.fetch_add(1, Ordering::Relaxed);
            self.cut_requests.fetch_add(requests as usize, Ordering::Relaxed);
        }
    }

    /// The connections and requests that were cut.
    pub(super) fn were_cut(&self) -> (usize, usize) {
        (self.cut_connections.load(Ordering::Relaxed), self.cut_requests.load(Ordering::Relaxed))
    }
}
