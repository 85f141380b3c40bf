use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Code, Error, Request};

/// The rest of a call whose reply is a stream: it is not over when the endpoint's future is.
///
/// A transport that sends or reads such a reply has a tail in the [`Context`](crate::Context::tail). A layer whose call has
/// gone well leaves there what it holds for the call (a gauge, a permit, a span), and gets it back, with how the stream ended,
/// at its end. Where there is no tail the call is over with its future, and nothing is paid for this.
///
/// ```
/// use towerkit_endpoint::{Ending, Tail};
///
/// let tail = Tail::new();
/// let (told, hear) = std::sync::mpsc::channel();
/// tail.on_end(move |ending| told.send(ending).unwrap());
/// tail.end(Ending::Complete); // what the transport does
/// assert_eq!(hear.recv(), Ok(Ending::Complete));
/// ```
///
/// Clones are the same tail.
#[derive(Clone, Default)]
pub struct Tail(Arc<Shared>);

/// How an exchange ended, a call or a stream: what a [`Tail`] is told, and the finalizers of servers and clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// With the whole of a good reply; of a stream, with its last item.
    Complete,
    /// With an error of this code.
    Failed(Code),
    /// It was dropped before its end: whoever waited for the reply, or read it, went away.
    Cancelled,
}

impl Ending {
    /// How a call ended that has this result.
    #[must_use]
    pub fn of<R>(result: &Result<R, Error>) -> Self {
        match result {
            Ok(_) => Self::Complete,
            Err(error) => Self::Failed(error.code()),
        }
    }

    /// The code of the error; none where it is complete, or was cancelled.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Failed(code) => Some(code),
            Self::Complete | Self::Cancelled => None,
        }
    }
}

/// Complete where there is no code.
impl From<Option<Code>> for Ending {
    fn from(code: Option<Code>) -> Self {
        code.map_or(Self::Complete, Self::Failed)
    }
}

#[derive(Default)]
struct Shared(Mutex<State>);

type OnEnd = Box<dyn FnOnce(Ending) + Send>;

#[derive(Default)]
struct State {
    deadline: Option<Instant>,
    ending: Option<Ending>,
    on_end: Vec<OnEnd>,
}

impl Tail {
    /// Of a stream that has not ended: for transports.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a function at the end of the stream, once; at once where it has ended. It must not block, nor panic.
    pub fn on_end(&self, run: impl FnOnce(Ending) + Send + 'static) {
        let ended = self.0.with(|state| match state.ending {
            Some(ending) => Some((ending, Box::new(run) as OnEnd)),
            None => {
                state.on_end.push(Box::new(run));
                None
            }
        });
        if let Some((ending, run)) = ended {
            run(ending);
        }
    }

    /// Sets when the stream is cut off, unless an earlier time stands.
    pub fn shorten_deadline_until(&self, deadline: Instant) {
        self.0.with(|state| state.deadline = Some(state.deadline.map_or(deadline, |earlier| earlier.min(deadline))));
    }

    /// When the stream is to be cut off: for transports.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.with(|state| state.deadline)
    }

    /// Says how the stream ended: for transports. The first to say so is believed; where nobody does, it was cancelled.
    pub fn end(&self, ending: Ending) {
        self.0.end(ending);
    }
}

impl Shared {
    fn with<R>(&self, run: impl FnOnce(&mut State) -> R) -> R {
        // No code of others runs behind the lock, so that what it guards is whole.
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn end(&self, ending: Ending) {
        let told = self.with(|state| {
            let first = state.ending.is_none();
            state.ending.get_or_insert(ending);
            if first { mem::take(&mut state.on_end) } else { Vec::new() }
        });
        told.into_iter().for_each(|run| run(ending));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.end(Ending::Cancelled);
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.with(|state| {
            f.debug_struct("Tail")
                .field("deadline", &state.deadline)
                .field("ending", &state.ending)
                .finish_non_exhaustive()
        })
    }
}

/// Gives each call a [`Tail`], unless it has one: for the stack of a client whose replies are streams.
///
/// It stands outside of the layers that are to see the end of the stream. A server's transport needs none of it. The tail is
/// one allocation a call. It keeps no state, and readiness is the inner service's.
#[derive(Clone, Copy, Debug, Default)]
pub struct TailLayer(());

impl TailLayer {
    /// There is nothing to set.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for TailLayer {
    type Service = WithTail<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithTail { inner }
    }
}

/// A service inside a [`TailLayer`].
#[derive(Clone, Copy, Debug)]
pub struct WithTail<S> {
    inner: S,
}

impl<S: Service<Request<T>>, T> Service<Request<T>> for WithTail<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<T>) -> Self::Future {
        if request.context().tail().is_none() {
            request.context_mut().set_tail(Tail::new());
        }
        self.inner.call(request)
    }
}
