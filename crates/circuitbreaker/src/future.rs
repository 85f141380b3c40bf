use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::breaker::Permit;
use crate::{CircuitOpen, Faults, Judge};

pin_project! {
    /// The future of a [`CircuitBreaker`](crate::CircuitBreaker).
    #[derive(Debug)]
    pub struct CircuitBreakerFuture<F, J = Faults> {
        #[pin]
        call: Call<F, J>,
    }
}

pin_project! {
    #[project = CallProjection]
    #[derive(Debug)]
    enum Call<F, J> {
        // No permit once the call has ended.
        Admitted { #[pin] inner: F, permit: Option<Permit>, judge: J },
        // No error once it was told.
        Refused { error: Option<CircuitOpen> },
    }
}

impl<F, J> CircuitBreakerFuture<F, J> {
    pub(crate) const fn admitted(inner: F, permit: Option<Permit>, judge: J) -> Self {
        Self { call: Call::Admitted { inner, permit, judge } }
    }

    pub(crate) const fn refused(error: CircuitOpen) -> Self {
        Self { call: Call::Refused { error: Some(error) } }
    }
}

impl<F, J, R, E> Future for CircuitBreakerFuture<F, J>
where
    F: Future<Output = Result<R, E>>,
    J: Judge<R, E>,
    E: From<CircuitOpen>,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().call.project() {
            CallProjection::Admitted { inner, permit, judge } => inner.poll(cx).map(|result| {
                if let Some(permit) = permit.take() {
                    permit.ended(judge.is_failure(&result));
                }
                result
            }),
            CallProjection::Refused { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error.into())),
                None => Poll::Pending, // polled again after its end, which no caller may
            },
        }
    }
}
