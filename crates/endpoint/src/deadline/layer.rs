use std::time::Duration;

use tower_layer::Layer;

use super::Deadline;

/// Ends a call when its time is up: the caller's deadline, or the layer's own limit, whichever comes first.
///
/// The deadline is written into the [`Context`](crate::Context), so that calls made on the way, by
/// [`Context::outgoing`](crate::Context::outgoing), have no more time than is left. A deadline from a peer can only shorten
/// the limit. A call whose deadline has passed when it arrives does not reach the inner service.
///
/// Where the reply is a stream the deadline goes on to bound it: the [`Tail`](crate::Tail) cuts it off.
///
/// It stands outside of whatever may take time (limits, breakers, the endpoint) and inside of what reports the outcome
/// (logs, metrics). The time runs from the call; waiting for readiness before it does not count.
///
/// # Differences from tower's timeout
///
/// tower's knows one duration and boxes the error type. This one honours and shortens the deadline of the request, keeps
/// the inner error type, and sets a timer only when the inner service is not done at its first poll.
///
/// ```
/// use std::time::Duration;
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{Code, DeadlineLayer, Endpoint, Error, endpoint_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let slow = ServiceBuilder::new()
///     .layer(DeadlineLayer::new(Duration::from_millis(10)))
///     .service(endpoint_fn(|()| std::future::pending::<Result<(), Error>>()));
/// assert_eq!(slow.invoke(()).await.unwrap_err().code(), Code::DeadlineExceeded);
/// # }
/// ```
///
/// It keeps no state: clones share nothing. Readiness is the inner service's. The happy path allocates nothing. Futures
/// must be polled in a Tokio runtime with its timer enabled.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    limit: Option<Duration>,
}

impl DeadlineLayer {
    /// With a limit of its own, from the call on.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit: Some(limit) }
    }

    /// With the caller's deadline only; a request without one may take any time.
    #[must_use]
    pub const fn callers_only() -> Self {
        Self { limit: None }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Deadline::new(inner, self.limit)
    }
}
