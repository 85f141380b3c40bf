use tower_layer::Layer;

use crate::limiter::AtHand;
use crate::{Quota, RateLimit, RateLimiter};

/// Refuses the calls that exceed a rate.
///
/// A refused call fails with [`RateLimited`](crate::RateLimited) and does not reach the inner service. The layer is generic over the
/// request, and asks of the error type only that it can be made from [`RateLimited`](crate::RateLimited).
///
/// On a server it stands inside of what must see refusals (logs, metrics) and outside of what costs anything. In a client
/// [`ThrottleLayer`](crate::ThrottleLayer) is mostly the better one: it waits.
///
/// The services that one layer makes, and their clones, share one limit: that of the [`RateLimiter`]. Readiness is the inner service's.
/// A call is counted when it is made; one that is dropped was made. The happy path looks at the clock once, and allocates
/// nothing.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{Code, Endpoint, Error, endpoint_fn};
/// use towerkit_ratelimit::RateLimitLayer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let service = ServiceBuilder::new()
///     .layer(RateLimitLayer::per_second(2))
///     .service(endpoint_fn(|n: u64| async move { Ok::<_, Error>(n) }));
///
/// assert!(service.invoke(1).await.is_ok());
/// assert!(service.invoke(2).await.is_ok());
/// let refused = service.invoke(3).await.unwrap_err();
/// assert_eq!(refused.code(), Code::ResourceExhausted);
/// assert_eq!(refused.metadata().get("retry-after"), Some("1"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RateLimitLayer {
    limiter: RateLimiter,
}

impl RateLimitLayer {
    /// Of a limiter, which can be asked and changed while it runs.
    #[must_use]
    pub const fn new(limiter: RateLimiter) -> Self {
        Self { limiter }
    }

    /// So many calls a second, of which all may come at once. 0 is taken for 1.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        Self::new(RateLimiter::new(Quota::per_second(calls)))
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit::new(inner, AtHand::new(self.limiter.clone()))
    }
}
