use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::RateLimited;

pin_project! {
    /// The future of a [`RateLimit`](crate::RateLimit) and of a [`KeyedRateLimit`](crate::KeyedRateLimit).
    #[derive(Debug)]
    pub struct RateLimitFuture<F> {
        #[pin]
        call: Call<F>,
    }
}

pin_project! {
    #[project = CallProjection]
    #[derive(Debug)]
    enum Call<F> {
        Admitted { #[pin] inner: F },
        // None once it was told.
        Refused { error: Option<RateLimited> },
    }
}

impl<F> RateLimitFuture<F> {
    pub(crate) const fn admitted(inner: F) -> Self {
        Self { call: Call::Admitted { inner } }
    }

    pub(crate) const fn refused(error: RateLimited) -> Self {
        Self { call: Call::Refused { error: Some(error) } }
    }
}

impl<F, R, E> Future for RateLimitFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: From<RateLimited>,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().call.project() {
            CallProjection::Admitted { inner } => inner.poll(cx),
            CallProjection::Refused { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error.into())),
                None => Poll::Pending, // polled again after its end, which no caller may
            },
        }
    }
}
