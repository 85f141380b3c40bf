//! They err in `poll_ready`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use tower_service::Service;
use towerkit_testing::BoxError;

/// Law 2, each in its own way, on a service that otherwise passes through.
#[derive(Clone)]
pub(crate) struct Readying<S> {
    pub(crate) inner: S,
    pub(crate) how: How,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    WakesItself,
    DropsTheWaker,
    Spawns,
    SaysReadyAnyhow,
    ReadiesAClonePerPoll,
    /// Law 3: a dead inner service looks like a busy one.
    SwallowsFailure,
}

impl<S, Req> Service<Req> for Readying<S>
where
    S: Service<Req, Error = BoxError> + Clone,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self.how {
            How::WakesItself => {
                let poll = self.inner.poll_ready(cx);
                if poll.is_pending() {
                    cx.waker().wake_by_ref();
                }
                poll
            }
            How::DropsTheWaker => self.inner.poll_ready(&mut Context::from_waker(Waker::noop())),
            How::Spawns => {
                tokio::spawn(async {});
                self.inner.poll_ready(cx)
            }
            How::SaysReadyAnyhow => {
                let _ = self.inner.poll_ready(cx)?;
                Poll::Ready(Ok(()))
            }
            How::ReadiesAClonePerPoll => {
                self.inner = self.inner.clone();
                self.inner.poll_ready(cx)
            }
            How::SwallowsFailure => match self.inner.poll_ready(cx) {
                Poll::Ready(Err(_)) => Poll::Pending,
                poll => poll,
            },
        }
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.inner.call(request)
    }
}

/// Law 3: a switch that is off makes `poll_ready` fail.
#[derive(Clone)]
pub(crate) struct Switch<S> {
    pub(crate) inner: S,
    pub(crate) off: Arc<AtomicBool>,
}

impl<S, Req> Service<Req> for Switch<S>
where
    S: Service<Req, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.off.load(Ordering::SeqCst) {
            return Poll::Ready(Err("off".into()));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.inner.call(request)
    }
}
