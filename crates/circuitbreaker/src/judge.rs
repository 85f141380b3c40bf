use towerkit_endpoint::Failure;

/// Says which results count as failures.
///
/// Any function of a result is one, that says whether it is a failure. It may look into replies as well.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_circuitbreaker::policy::ConsecutiveFailures;
/// use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer};
/// use towerkit_endpoint::{Code, Endpoint, Error, endpoint_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let breaker = Breaker::new(ConsecutiveFailures::new(1));
/// let layer = CircuitBreakerLayer::new(breaker.clone())
///     .judge(|result: &Result<(), Error>| matches!(result, Err(e) if e.code() == Code::ResourceExhausted));
/// let service = ServiceBuilder::new().layer(layer).service(endpoint_fn(|code: Code| async move { Err::<(), _>(Error::from(code)) }));
///
/// let _ = service.invoke(Code::Internal).await;
/// assert_eq!(breaker.state().as_str(), "closed");
/// let _ = service.invoke(Code::ResourceExhausted).await;
/// assert_eq!(breaker.state().as_str(), "open");
/// # }
/// ```
pub trait Judge<R, E> {
    /// What a result says of the service.
    fn judge(&self, result: &Result<R, E>) -> Verdict;
}

/// What a result says of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is well.
    Success,
    /// It has failed.
    Failure,
    /// Nothing: the call counts as little as one that was cancelled.
    Ignored,
}

/// True is a failure.
impl From<bool> for Verdict {
    fn from(is_failure: bool) -> Self {
        if is_failure { Self::Failure } else { Self::Success }
    }
}

/// A function that says whether it is a failure, or the [`Verdict`] itself.
impl<F: Fn(&Result<R, E>) -> V, V: Into<Verdict>, R, E> Judge<R, E> for F {
    fn judge(&self, result: &Result<R, E>) -> Verdict {
        self(result).into()
    }
}

/// The default judge. An error whose code [is a fault](towerkit_endpoint::Code::is_fault) is a failure, unless a layer further inside
/// [refused](towerkit_endpoint::Failure::is_refused) the call: that is ignored, for it says nothing of the service. That the domain
/// refuses is an answer, and a success.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults(());

impl Faults {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl<R, E: Failure> Judge<R, E> for Faults {
    fn judge(&self, result: &Result<R, E>) -> Verdict {
        match result {
            Err(error) if error.is_refused() => Verdict::Ignored,
            Err(error) if error.code().is_fault() => Verdict::Failure,
            _ => Verdict::Success,
        }
    }
}
