use tokio::time::Instant;

/// Marks a request that is sent once more after it failed: a value in its context, or among the extensions of an `http::Request`.
///
/// What repeats calls puts it there from the second attempt on, and what chooses among servers avoids those that failed since then.
///
/// ```
/// use tokio::time::Instant;
/// use towerkit_endpoint::{Repeated, Request};
///
/// let mut request = Request::new("once more");
/// request.context_mut().insert(Repeated { since: Instant::now() });
/// assert!(request.context().get::<Repeated>().is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// When the first attempt had failed.
    pub since: Instant,
}
