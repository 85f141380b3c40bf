use std::fmt;
use std::time::Duration;

use towerkit_endpoint::{Classify, Code, Refusal};

/// The circuit is open: the call was not made. The leaf error of [`CircuitBreakerLayer`](crate::CircuitBreakerLayer).
///
/// It is `Unavailable`, it is marked as not sent, and says when to try again, also as `retry-after`; unless the circuit was forced
/// open, for then nobody knows.
#[derive(Clone, Debug)]
pub struct CircuitOpen(Refusal);

impl CircuitOpen {
    pub(crate) fn new(retry_after: Option<Duration>) -> Self {
        let refusal = Refusal::new(Code::Unavailable);
        Self(match retry_after {
            Some(after) => refusal.with_retry_after(after),
            None => refusal,
        })
    }

    /// How long to wait before the next try.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }
}

impl fmt::Display for CircuitOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the circuit breaker is open")
    }
}

impl std::error::Error for CircuitOpen {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Classify for CircuitOpen {
    fn code(&self) -> Code {
        self.0.code()
    }
}
