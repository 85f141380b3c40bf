use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Classify, Code};

/// Turns a panic below it into an error: `Internal`, with a fixed message for the caller and the panic's text as the
/// [`source`](std::error::Error::source), for the log.
///
/// One request that hits a bug answers 500; the connection, its other requests and the process go on. It stands
/// innermost, next to the endpoint, so that every other layer sees an error and not an unwinding stack. What the endpoint
/// shares between requests is the endpoint's to keep sound: a poisoned mutex stays poisoned.
///
/// It does nothing under `panic = "abort"`. The process's panic hook still runs, and still prints.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{Code, Endpoint, Error, CatchPanicLayer, Panicked, endpoint_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let endpoint = ServiceBuilder::new().layer(CatchPanicLayer::new()).service(endpoint_fn(|divisor: u32| async move {
///     Ok::<_, Error>(100 / divisor)
/// }));
///
/// let error = endpoint.invoke(0).await.unwrap_err();
/// assert_eq!((error.code(), error.message()), (Code::Internal, "internal error"));
/// assert_eq!(error.find::<Panicked>().unwrap().text(), "attempt to divide by zero");
/// # }
/// ```
///
/// It keeps no state: clones share nothing. Readiness is the inner service's. The happy path allocates nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct CatchPanicLayer(());

impl CatchPanicLayer {
    /// The layer; there is nothing to set.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchPanic { inner }
    }
}

/// A service inside a [`CatchPanicLayer`].
#[derive(Clone, Copy, Debug)]
pub struct CatchPanic<S> {
    inner: S,
}

impl<S, Req> Service<Req> for CatchPanic<S>
where
    S: Service<Req>,
    S::Error: From<Panicked>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = CatchPanicFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        // A service's `call` may panic before there is a future.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(future) => CatchPanicFuture { state: State::Running { future } },
            Err(payload) => CatchPanicFuture { state: State::Panicked { panicked: Some(Panicked::new(&*payload)) } },
        }
    }
}

pin_project! {
    /// The future of [`CatchPanic`].
    #[derive(Debug)]
    pub struct CatchPanicFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProject]
    #[derive(Debug)]
    enum State<F> {
        Running { #[pin] future: F },
        Panicked { panicked: Option<Panicked> },
    }
}

impl<F, R, E> Future for CatchPanicFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: From<Panicked>,
{
    type Output = Result<R, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match self.as_mut().project().state.project() {
            StateProject::Running { future } => catch_unwind(AssertUnwindSafe(|| future.poll(cx))),
            StateProject::Panicked { panicked } => {
                // Polled again after its end it stays pending, as a future that has ended may.
                return panicked.take().map_or(Poll::Pending, |panicked| Poll::Ready(Err(panicked.into())));
            }
        };
        match polled {
            Ok(poll) => Poll::Ready(ready!(poll)),
            Err(payload) => {
                // A future that panicked must not be polled again, and what it holds is given back now. Dropping it may
                // panic once more; the first panic is the one to tell of.
                let state = self.project().state;
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    let mut state = state;
                    state.set(State::Panicked { panicked: None });
                }));
                Poll::Ready(Err(Panicked::new(&*payload).into()))
            }
        }
    }
}

/// The service panicked. The leaf error of [`CatchPanicLayer`].
#[derive(Clone, Debug)]
pub struct Panicked {
    text: String,
}

impl Panicked {
    fn new(payload: &(dyn Any + Send)) -> Self {
        let text =
            payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self { text: text.unwrap_or("a panic without a text").to_owned() }
    }

    /// What the panic said. For logs: it may tell of the inside of the process.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.text)
    }
}

impl std::error::Error for Panicked {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Code::Internal)
    }
}

impl Classify for Panicked {
    fn code(&self) -> Code {
        Code::Internal
    }
}
