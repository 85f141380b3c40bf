use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use towerkit_endpoint::Failure;

/// Answers from elsewhere when a call fails: by a cache, a default, another service.
///
/// The function is given the request and the error, and what it returns is the result: an error too, which may be the one it was
/// given. Another service is called as `move |request, _| other.clone().oneshot(request)` (tower's `ServiceExt`), which makes it ready
/// first. By default a call has failed when the code of its error [is a fault](towerkit_endpoint::Code::is_fault), which that of an open
/// circuit is.
///
/// It stands outside of the breaker, the deadline and the retry of what it replaces. It keeps no state: clones share the function.
/// Readiness is the inner service's, and its failure is passed on. Each request is cloned once, for the function.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_circuitbreaker::FallbackLayer;
/// use towerkit_endpoint::{Code, Endpoint, Error, Request, endpoint_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let yesterday = |_: Request<&str>, _: Error| async { Ok::<_, Error>(vec!["a list from the cache"]) };
/// let recommendations = ServiceBuilder::new()
///     .layer(FallbackLayer::new(yesterday))
///     .service(endpoint_fn(|_: &str| async { Err::<Vec<&str>, _>(Error::from(Code::Unavailable)) }));
/// assert_eq!(recommendations.invoke("Ada").await.unwrap(), ["a list from the cache"]);
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct FallbackLayer<F, W = ()> {
    fallback: F,
    when: W,
}

/// Says which errors are replaced: a function of the error, or `()` for faults.
pub trait FallbackWhen<E> {
    /// Whether this one is.
    fn replaces(&self, error: &E) -> bool;
}

impl<E: Failure> FallbackWhen<E> for () {
    fn replaces(&self, error: &E) -> bool {
        error.code().is_fault()
    }
}

impl<W: Fn(&E) -> bool, E> FallbackWhen<E> for W {
    fn replaces(&self, error: &E) -> bool {
        self(error)
    }
}

impl<F> FallbackLayer<F> {
    /// With a function from the request and the error to a future result.
    #[must_use]
    pub const fn new(fallback: F) -> Self {
        Self { fallback, when: () }
    }

    /// Sets which errors are replaced.
    #[must_use]
    pub fn when<W>(self, when: W) -> FallbackLayer<F, W> {
        FallbackLayer { fallback: self.fallback, when }
    }
}

impl<S, F: Clone, W: Clone> Layer<S> for FallbackLayer<F, W> {
    type Service = Fallback<S, F, W>;

    fn layer(&self, inner: S) -> Self::Service {
        Fallback { inner, with: self.clone() }
    }
}

impl<F, W> fmt::Debug for FallbackLayer<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FallbackLayer({})", std::any::type_name::<F>())
    }
}

/// A service inside a [`FallbackLayer`].
#[derive(Clone, Copy, Debug)]
pub struct Fallback<S, F, W = ()> {
    inner: S,
    with: FallbackLayer<F, W>,
}

impl<S, F, W, Req, Fut> Service<Req> for Fallback<S, F, W>
where
    S: Service<Req>,
    Req: Clone,
    F: Fn(Req, S::Error) -> Fut + Clone,
    Fut: Future<Output = Result<S::Response, S::Error>>,
    W: FallbackWhen<S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = FallbackFuture<S::Future, Req, F, W, Fut>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let kept = Some(request.clone());
        let inner = self.inner.call(request);
        FallbackFuture { stage: Stage::Call { inner, request: kept, with: self.with.clone() } }
    }
}

pin_project! {
    /// The future of a [`Fallback`].
    pub struct FallbackFuture<I, Req, F, W, Fut> {
        #[pin]
        stage: Stage<I, Req, F, W, Fut>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<I, Req, F, W, Fut> {
        Call { #[pin] inner: I, request: Option<Req>, with: FallbackLayer<F, W> },
        Fallback { #[pin] future: Fut },
    }
}

impl<I, Req, F, W, Fut, R, E> Future for FallbackFuture<I, Req, F, W, Fut>
where
    I: Future<Output = Result<R, E>>,
    F: Fn(Req, E) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    W: FallbackWhen<E>,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            let future = match stage.as_mut().project() {
                StageProjection::Fallback { future } => return future.poll(cx),
                StageProjection::Call { inner, request, with } => match (ready!(inner.poll(cx)), request.take()) {
                    (Err(error), Some(request)) if with.when.replaces(&error) => (with.fallback)(request, error),
                    (result, _) => return Poll::Ready(result),
                },
            };
            stage.set(Stage::Fallback { future });
        }
    }
}

impl<I, Req, F, W, Fut> fmt::Debug for FallbackFuture<I, Req, F, W, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackFuture").finish_non_exhaustive()
    }
}
