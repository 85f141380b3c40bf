//! They pass readiness through, and err in `call` or in the future.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tower_service::Service;
use towerkit_testing::BoxError;

use crate::layers::Boxed;

/// A service that passes readiness through; `$call` is its `call`.
macro_rules! passes_readiness {
    ($(#[$doc:meta])* $name:ident, |$this:ident, $request:ident| $call:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $name<S>(pub(crate) S);

        impl<S, Req> Service<Req> for $name<S>
        where
            S: Service<Req, Error = BoxError> + Clone + 'static,
            Req: Clone + 'static,
        {
            type Response = S::Response;
            type Error = BoxError;
            type Future = Boxed<S::Response>;

            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
                self.0.poll_ready(cx)
            }

            fn call(&mut self, $request: Req) -> Self::Future {
                let $this = self;
                $call
            }
        }
    };
}

passes_readiness!(
    /// Law 1: calls a clone, which nobody made ready.
    CloneInCall,
    |this, request| {
        let mut inner = this.0.clone();
        Box::pin(async move { inner.call(request).await })
    }
);

passes_readiness!(
    /// Law 1: makes a clone ready and calls it; the instance that was ready stays behind.
    ReadiesAClone,
    |this, request| {
        let mut inner = this.0.clone();
        Box::pin(async move {
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            inner.call(request).await
        })
    }
);

passes_readiness!(
    /// Law 4: sleeps between being ready and calling.
    SleepsWhileReady,
    |this, request| {
        let fresh = this.0.clone();
        let mut ready = std::mem::replace(&mut this.0, fresh);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            ready.call(request).await
        })
    }
);

passes_readiness!(
    /// Law 5: the second attempt goes to the instance that the first one used up.
    RetriesUnready,
    |this, request| {
        let fresh = this.0.clone();
        let mut ready = std::mem::replace(&mut this.0, fresh);
        Box::pin(async move {
            if let Ok(reply) = ready.call(request.clone()).await {
                return Ok(reply);
            }
            ready.call(request).await
        })
    }
);

passes_readiness!(
    /// Law 8: polls the call once inside `call`.
    StartsInCall,
    |this, request| {
        let mut call = Box::pin(this.0.call(request));
        let first = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        Box::pin(async move {
            match first {
                Poll::Ready(result) => result,
                Poll::Pending => call.await,
            }
        })
    }
);

passes_readiness!(
    /// Law 8: a future that is dropped goes to work.
    WorksWhenDropped,
    |this, request| {
        let mut call = WhenDropped(Some(Box::pin(this.0.call(request))));
        Box::pin(async move {
            let result = match &mut call.0 {
                Some(future) => future.await,
                None => Err("no call".into()),
            };
            drop(call.0.take());
            result
        })
    }
);

struct WhenDropped<F: Future>(Option<std::pin::Pin<Box<F>>>);

impl<F: Future> Drop for WhenDropped<F> {
    fn drop(&mut self) {
        if let Some(future) = &mut self.0 {
            let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

/// Law 7, and 8: hands the call to a task, which goes on without the caller.
#[derive(Clone)]
pub(crate) struct Spawns<S>(pub(crate) S);

impl<S, Req> Service<Req> for Spawns<S>
where
    S: Service<Req, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let task = tokio::spawn(self.0.call(request));
        Box::pin(async move { task.await? })
    }
}
