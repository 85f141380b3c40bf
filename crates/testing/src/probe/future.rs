use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use super::state::{Reply, Started, State};
use super::{Answers, ProbeError};

/// The future of a [`Probe`](super::Probe)'s call. Dropping it cancels the call.
pub struct ProbeFuture<Req, Res, E> {
    state: Arc<State>,
    answers: Arc<Answers<Req, Res, E>>,
    /// Taken when the result is given.
    request: Option<Req>,
    readied: bool,
    started: Option<Started>,
}

impl<Req, Res, E> ProbeFuture<Req, Res, E> {
    pub(super) fn new(state: Arc<State>, answers: Arc<Answers<Req, Res, E>>, request: Req, readied: bool) -> Self {
        Self { state, answers, request: Some(request), readied, started: None }
    }
}

// The request is moved out, never pinned.
impl<Req, Res, E> Unpin for ProbeFuture<Req, Res, E> {}

impl<Req, Res, E> Future for ProbeFuture<Req, Res, E> {
    type Output = Result<Res, E>;

    #[expect(clippy::panic, reason = "a future polled after its end is a defect of the code under test")]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.request.is_none() {
            panic!("the probe's future was polled after it had completed");
        }
        let state = &this.state;
        let call = *this.started.get_or_insert_with(|| state.started());
        if call.reply == Reply::Hold && !this.state.released(call, cx.waker()) {
            return Poll::Pending;
        }
        let Some(request) = this.request.take() else {
            return Poll::Pending;
        };
        this.state.completed();
        Poll::Ready(if !this.readied {
            Err((this.answers.error)(ProbeError::NotReady))
        } else if call.reply == Reply::Fail {
            Err((this.answers.error)(ProbeError::Scripted))
        } else {
            Ok((this.answers.reply)(request))
        })
    }
}

impl<Req, Res, E> Drop for ProbeFuture<Req, Res, E> {
    fn drop(&mut self) {
        if self.request.is_some() {
            self.state.cancelled(self.started);
        }
    }
}

impl<Req, Res, E> fmt::Debug for ProbeFuture<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeFuture")
            .field("started", &self.started.is_some())
            .field("completed", &self.request.is_none())
            .finish_non_exhaustive()
    }
}
