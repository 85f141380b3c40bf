use tower_layer::Layer;

use crate::{Breaker, CircuitBreaker, Faults};

/// Refuses calls while the service behind it fails: a call that would fail all the same costs the caller nothing, and leaves the
/// service alone to recover.
///
/// A refused call fails with [`CircuitOpen`](crate::CircuitOpen), does not reach the inner service, and does not wait for its
/// readiness. The layer is generic over the request, and asks of the error type that it can be made from
/// [`CircuitOpen`](crate::CircuitOpen); the default judge asks its code.
///
/// It stands outside of what bounds the time of a call, so that a call that hangs is a failure and not a cancelled one, and inside of
/// a retry. The services that one layer makes, and their clones, are all the same circuit, that of the [`Breaker`].
///
/// A call that is dropped before its end counts as nothing, and gives its probe back. Admission is decided in `call`; the happy path
/// allocates nothing. A caller that waits for the inner service's readiness while the circuit opens goes on waiting. A reply that
/// is a stream has gone well once it begins.
#[derive(Clone, Debug)]
pub struct CircuitBreakerLayer<J = Faults> {
    breaker: Breaker,
    judge: J,
}

impl CircuitBreakerLayer {
    /// Of a circuit, with the judge [`Faults`].
    #[must_use]
    pub const fn new(breaker: Breaker) -> Self {
        Self { breaker, judge: Faults::new() }
    }
}

impl<J> CircuitBreakerLayer<J> {
    /// Sets which results are failures: a [`Judge`](crate::Judge), such as a function of `&Result<R, E>`.
    #[must_use]
    pub fn judge<K>(self, judge: K) -> CircuitBreakerLayer<K> {
        CircuitBreakerLayer { breaker: self.breaker, judge }
    }
}

impl<S, J: Clone> Layer<S> for CircuitBreakerLayer<J> {
    type Service = CircuitBreaker<S, J>;

    fn layer(&self, inner: S) -> Self::Service {
        CircuitBreaker::new(inner, self.breaker.clone(), self.judge.clone())
    }
}
