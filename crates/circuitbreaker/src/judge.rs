use towerkit_endpoint::Failure;

/// Says which results count as failures.
///
/// Any function of a result is one. Where it is the wrong one to blame, such as a reply that says *not yet*, it can look into
/// replies as well.
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
    /// Whether it is a failure of the service, as against an answer.
    fn is_failure(&self, result: &Result<R, E>) -> bool;
}

impl<F: Fn(&Result<R, E>) -> bool, R, E> Judge<R, E> for F {
    fn is_failure(&self, result: &Result<R, E>) -> bool {
        self(result)
    }
}

/// The default judge: an error whose code [is a fault](towerkit_endpoint::Code::is_fault). That the domain refuses is an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults(());

impl Faults {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl<R, E: Failure> Judge<R, E> for Faults {
    fn is_failure(&self, result: &Result<R, E>) -> bool {
        result.as_ref().is_err_and(|error| error.code().is_fault())
    }
}
