use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;
use towerkit_endpoint::{Failure, Request, Tail};

use crate::guard::Guard;

pin_project! {
    /// The future of [`Requests`](super::Requests), and of [`Calls`](crate::Calls).
    #[derive(Debug)]
    pub struct RequestsFuture<F> {
        #[pin]
        inner: F,
        // None where nothing is recorded, and once the call is over.
        guard: Option<Guard>,
        tail: Option<Tail>,
    }
}

impl<F> RequestsFuture<F> {
    /// Calls a service. What is recorded of the call is guarded from here on, since it may panic before there is a future.
    pub(crate) fn call<S, T>(service: &mut S, request: Request<T>, mut guard: Option<Guard>) -> Self
    where
        S: Service<Request<T>, Future = F>,
    {
        let tail = if guard.is_some() { request.context().tail().cloned() } else { None };
        let inner = Guard::watch(guard.as_mut(), || service.call(request));
        Self { inner, guard, tail }
    }
}

impl<F, R, E> Future for RequestsFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Failure,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner;
        let result = ready!(Guard::run(this.guard.as_mut(), || inner.poll(cx)));
        if let Some(guard) = this.guard.take() {
            guard.ended(&result, this.tail.as_ref());
        }
        Poll::Ready(result)
    }
}
