//! They are to be always ready.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use tower_service::Service;
use towerkit_testing::BoxError;

use crate::layers::Boxed;

/// Law 6: takes the first of two services that is ready, before it knows the request.
#[derive(Clone)]
pub(crate) struct PicksByReadiness<S> {
    pub(crate) choices: [S; 2],
    pub(crate) picked: Option<usize>,
}

impl<S, Req> Service<Req> for PicksByReadiness<S>
where
    S: Service<Req, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        for (at, choice) in self.choices.iter_mut().enumerate() {
            if choice.poll_ready(cx)?.is_ready() {
                self.picked = Some(at);
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let picked = self.picked.take().unwrap_or_default();
        self.choices[picked].call(request)
    }
}

/// Law 6: always ready, and waits for the inner service without a waker.
#[derive(Clone)]
pub(crate) struct Deaf<S>(pub(crate) S);

impl<S, Req> Service<Req> for Deaf<S>
where
    S: Service<Req, Error = BoxError> + Clone + 'static,
    Req: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let mut inner = self.0.clone();
        Box::pin(async move {
            poll_fn(|_| inner.poll_ready(&mut Context::from_waker(Waker::noop()))).await?;
            inner.call(request).await
        })
    }
}

/// Laws 1, 3 and 6: always ready, and calls a clone without asking whether it is ready.
/// Laws 1 and 6 if `asks`: it asks one clone and calls another.
#[derive(Clone)]
pub(crate) struct LateUnready<S> {
    pub(crate) inner: S,
    pub(crate) asks: bool,
}

impl<S, Req> Service<Req> for LateUnready<S>
where
    S: Service<Req, Error = BoxError> + Clone + 'static,
    Req: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Boxed<S::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let Self { mut inner, asks } = self.clone();
        Box::pin(async move {
            if asks {
                poll_fn(|cx| inner.poll_ready(cx)).await?;
            }
            inner.clone().call(request).await
        })
    }
}
