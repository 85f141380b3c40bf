use std::fmt;
use std::future::pending;
use std::sync::{Arc, OnceLock};

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Tells a reply that is a stream when it is to end because its server stops: [`Body::stream_stop`](crate::Body::stream_stop).
///
/// A stream that ends then, in the way its protocol has for it, is not cut at the end of the drain. Clones are the same.
#[derive(Clone)]
pub struct StreamStop(Arc<Drain>);

// A token locks when it is cloned, and all requests of a server would meet there.
struct Drain {
    begun: CancellationToken,
    // Set before the token is cancelled.
    until: OnceLock<Option<Instant>>,
}

impl StreamStop {
    pub(super) fn new(begun: CancellationToken) -> Self {
        Self(Arc::new(Drain { begun, until: OnceLock::new() }))
    }

    pub(super) fn set(&self, until: Option<Instant>) {
        let _ = self.0.until.set(until);
    }

    /// Waits until the server begins to stop: streams that have no end of their own end here.
    pub async fn begun(&self) {
        self.0.begun.cancelled().await;
    }

    /// Waits until the [grace](crate::Serve::stream_grace) of streams is over.
    pub async fn over(&self) {
        self.begun().await;
        match self.0.until.get().copied().flatten() {
            Some(until) => sleep_until(until).await,
            None => pending().await,
        }
    }
}

impl fmt::Debug for StreamStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamStop").field("begun", &self.0.begun.is_cancelled()).finish_non_exhaustive()
    }
}
