use std::sync::Arc;

use tower_layer::Layer;

use super::Limit;
use super::permits::Permits;
use crate::AdaptiveLimit;

/// Limits the calls in flight to what the service bears, as a [`Limit`] finds.
///
/// Beyond the limit it is not ready, so that callers wait; with tower's load shed outside of it they are refused. A call was dropped that
/// fails with `DeadlineExceeded` or `ResourceExhausted`, or with an `Unavailable` that says when to try again or that it was not sent, as
/// those do that shed load. What else it says matters nothing, only how long it took. A
/// call that is cancelled gives its permit back and teaches nothing, so the deadline of a call stands inside, or calls that hang would never be
/// heard of. The layer is generic over the request; a reply that is a stream has ended when it begins.
///
/// On a server it stands outside of all that costs. The services that one layer makes, and their clones, share one limit. Readiness
/// takes a permit, which the call holds. A call looks at the clock twice, and takes a lock at its end.
#[derive(Clone, Debug)]
pub struct AdaptiveLimitLayer {
    permits: Arc<Permits>,
}

impl AdaptiveLimitLayer {
    /// With what finds the limit.
    #[must_use]
    pub fn new(limit: impl Limit) -> Self {
        Self { permits: Arc::new(Permits::new(limit)) }
    }

    /// The limit at present.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.permits.limit()
    }

    /// How many calls are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.permits.in_flight()
    }
}

impl<S> Layer<S> for AdaptiveLimitLayer {
    type Service = AdaptiveLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AdaptiveLimit::new(inner, Arc::clone(&self.permits))
    }
}
