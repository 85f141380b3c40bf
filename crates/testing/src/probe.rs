//! A strict service: it notices what a test double made from a function cannot.
//!
//! [`Probe`] goes under the layer; [`ProbeHandle`] stays with the test, which scripts the probe through it and
//! reads what happened.
//!
//! ```
//! use tower_service::Service as _;
//! use towerkit_testing::probe::{Probe, Reply};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (mut probe, handle) = Probe::new(|name: &str| format!("hello {name}"));
//! handle.script([Reply::Fail]); // the first call fails, later ones are answered
//!
//! std::future::poll_fn(|cx| probe.poll_ready(cx)).await.unwrap();
//! assert!(probe.call("first").await.is_err());
//!
//! // Not readied again: the call is recorded as a violation, and answered with an error.
//! assert!(probe.call("second").await.is_err());
//! assert_eq!(handle.counts().violations, 1);
//! # }
//! ```

mod future;
mod handle;
mod state;

use core::fmt;
use core::task::{Context, Poll};
use std::sync::Arc;

use tower_service::Service;

pub use self::future::ProbeFuture;
pub use self::handle::ProbeHandle;
pub use self::state::{Counts, Reply};
use self::state::{Granted, State};
use crate::BoxError;

/// The innermost service of a test: strict about readiness, scripted and observed through a [`ProbeHandle`].
///
/// * Readiness belongs to the instance. A clone is not ready, whatever its original was, and a call spends the
///   readiness of the instance that took it.
/// * A call on an instance that is not ready is recorded in [`Counts::violations`]. It follows the script like any
///   other, but its answer is always an error. It does not panic, so the test sees all of what the layer did.
/// * A readied instance stays ready until it is called, also when the script says *pending* afterwards.
/// * Work starts at the first poll of the future: [`Counts::started`] and the reply function wait for it.
///
/// All clones share the script and the counters.
pub struct Probe<Req, Res, E = BoxError> {
    id: u64,
    readied: bool,
    state: Arc<State>,
    answers: Arc<Answers<Req, Res, E>>,
}

/// How a probe makes what it answers.
struct Answers<Req, Res, E> {
    reply: Box<dyn Fn(Req) -> Res + Send + Sync>,
    error: Box<dyn Fn(ProbeError) -> E + Send + Sync>,
}

/// Why a [`Probe`] failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProbeError {
    /// The script said [`Reply::Fail`].
    Scripted,
    /// The script said [`ProbeHandle::fail_readiness`]. It came from `poll_ready`.
    Readiness,
    /// The instance was called without having been made ready.
    NotReady,
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scripted => "the probe fails as scripted",
            Self::Readiness => "the probe will not become ready, as scripted",
            Self::NotReady => "the probe was called on an instance that was not ready",
        })
    }
}

impl std::error::Error for ProbeError {}

impl<Req, Res> Probe<Req, Res> {
    /// A probe that is ready, answers each request with `reply`, and fails with a boxed [`ProbeError`].
    pub fn new(reply: impl Fn(Req) -> Res + Send + Sync + 'static) -> (Self, ProbeHandle) {
        Self::with_errors(reply, BoxError::from)
    }
}

impl<Req, Res, E> Probe<Req, Res, E> {
    /// A probe whose errors are made by `error`, for layers that ask something of the error type.
    pub fn with_errors(
        reply: impl Fn(Req) -> Res + Send + Sync + 'static,
        error: impl Fn(ProbeError) -> E + Send + Sync + 'static,
    ) -> (Self, ProbeHandle) {
        let state = Arc::new(State::default());
        let probe = Self {
            id: state.id(),
            readied: false,
            state: Arc::clone(&state),
            answers: Arc::new(Answers { reply: Box::new(reply), error: Box::new(error) }),
        };
        (probe, ProbeHandle::new(state))
    }
}

impl<Req, Res, E> Service<Req> for Probe<Req, Res, E> {
    type Response = Res;
    type Error = E;
    type Future = ProbeFuture<Req, Res, E>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        match self.state.poll_ready(self.id, self.readied, cx.waker()) {
            Granted::Ready => {
                self.readied = true;
                Poll::Ready(Ok(()))
            }
            Granted::Pending => Poll::Pending,
            Granted::Failed => Poll::Ready(Err((self.answers.error)(ProbeError::Readiness))),
        }
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let readied = core::mem::replace(&mut self.readied, false);
        self.state.called(readied);
        ProbeFuture::new(Arc::clone(&self.state), Arc::clone(&self.answers), request, readied)
    }
}

impl<Req, Res, E> Clone for Probe<Req, Res, E> {
    fn clone(&self) -> Self {
        self.state.cloned();
        Self {
            id: self.state.id(),
            readied: false, // the whole point: readiness is not copied
            state: Arc::clone(&self.state),
            answers: Arc::clone(&self.answers),
        }
    }
}

impl<Req, Res, E> Drop for Probe<Req, Res, E> {
    fn drop(&mut self) {
        self.state.instance_dropped(self.id, self.readied);
    }
}

impl<Req, Res, E> fmt::Debug for Probe<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("id", &self.id)
            .field("readied", &self.readied)
            .field("counts", &self.state.counts())
            .finish_non_exhaustive()
    }
}
