use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::breaker::{Permit, Refused};
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
        // The error is made when it is told: it is large, and few calls need one.
        Refused { refused: Option<Refused> },
    }
}

impl<F, J> CircuitBreakerFuture<F, J> {
    pub(crate) const fn admitted(inner: F, permit: Option<Permit>, judge: J) -> Self {
        Self { call: Call::Admitted { inner, permit, judge } }
    }

    pub(crate) const fn refused(refused: Refused) -> Self {
        Self { call: Call::Refused { refused: Some(refused) } }
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
                    permit.ended(judge.judge(&result));
                }
                result
            }),
            CallProjection::Refused { refused } => match refused.take() {
                Some(Refused { retry_after }) => Poll::Ready(Err(CircuitOpen::new(retry_after).into())),
                None => Poll::Pending, // polled again after its end, which no caller may
            },
        }
    }
}
