use tokio::time::Instant;
use towerkit_endpoint::{Repeated, Request};

/// A request that can be sent once more.
///
/// It stands for [`towerkit_endpoint::Request`] of a message that is `Clone`, and for [`http::Request`] of a body that is. A
/// request of one's own can join:
///
/// ```
/// use tokio::time::Instant;
/// use towerkit_retry::Repeat;
///
/// struct Query { text: String, until: Option<Instant> }
///
/// impl Repeat for Query {
///     fn again(&self) -> Self {
///         Self { text: self.text.clone(), until: self.until }
///     }
///     fn is_idempotent(&self) -> bool {
///         true
///     }
///     fn deadline(&self) -> Option<Instant> {
///         self.until
///     }
///     fn shorten_deadline(&mut self, until: Instant) {
///         self.until = Some(self.until.map_or(until, |earlier| earlier.min(until)));
///     }
/// }
/// # assert!(Query { text: String::new(), until: None }.again().is_idempotent());
/// ```
pub trait Repeat: Sized {
    /// The same request once more.
    #[must_use]
    fn again(&self) -> Self;

    /// Whether it has the same effect done once or several times, so that it may be repeated even where nobody knows
    /// whether it was done.
    fn is_idempotent(&self) -> bool;

    /// When its caller stops waiting. By default nothing is known.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Sets the deadline, unless an earlier one stands. By default it has no place for one, and nothing happens.
    fn shorten_deadline(&mut self, until: Instant) {
        let _ = until;
    }

    /// Says that it is sent once more, so that a balancer tries another server. By default it has no place for that, and nothing
    /// happens.
    fn mark(&mut self, repeated: Repeated) {
        let _ = repeated;
    }
}

/// Marks a request as [idempotent](Repeat::is_idempotent): a value in its context.
///
/// ```
/// use towerkit_endpoint::{Repeated, Request};
/// use towerkit_retry::{Idempotent, Repeat};
///
/// let mut request = Request::new("set the price of 7 to 12");
/// request.context_mut().insert(Idempotent);
/// assert!(request.is_idempotent());
/// ```
///
/// A value in a context is allocated, and again in each clone of it. Where all calls of an operation are
/// idempotent, [`RetryLayer::idempotent`](crate::RetryLayer::idempotent) says so for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotent;

/// Idempotent where [`Idempotent`] is among the values of the context.
impl<T: Clone> Repeat for Request<T> {
    fn again(&self) -> Self {
        self.clone()
    }

    fn is_idempotent(&self) -> bool {
        self.context().get::<Idempotent>().is_some()
    }

    fn deadline(&self) -> Option<Instant> {
        self.context().deadline()
    }

    fn shorten_deadline(&mut self, until: Instant) {
        self.context_mut().shorten_deadline_until(until);
    }

    fn mark(&mut self, repeated: Repeated) {
        self.context_mut().insert(repeated);
    }
}

/// Idempotent by its method: GET, HEAD, OPTIONS, TRACE, PUT and DELETE (RFC 9110, section 9.2.2); or where [`Idempotent`] is
/// among its extensions. It has no place for a deadline.
impl<B: Clone> Repeat for http::Request<B> {
    fn again(&self) -> Self {
        self.clone()
    }

    fn is_idempotent(&self) -> bool {
        self.method().is_idempotent() || self.extensions().get::<Idempotent>().is_some()
    }

    fn mark(&mut self, repeated: Repeated) {
        self.extensions_mut().insert(repeated);
    }
}
