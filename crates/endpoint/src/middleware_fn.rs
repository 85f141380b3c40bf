use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use tower::util::{Oneshot, ServiceExt};
use tower_layer::Layer;
use tower_service::Service;

use crate::{BoxEndpoint, Endpoint, EndpointFuture, Error, Request};

/// A layer of an async function that gets the request and [what comes next](Next).
///
/// It is the way to write a middleware in an application: a few lines, any `await` before and after. A middleware for
/// everyone, or one on a path where every nanosecond counts, is better a [`Layer`] and a [`Service`] by hand.
///
/// ```
/// use std::time::Instant;
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{Endpoint, Error, Next, Request, endpoint_fn, middleware_fn};
///
/// async fn timed<T, R>(request: Request<T>, next: Next<T, R>) -> Result<R, Error> {
///     let start = Instant::now();
///     let result = next.run(request).await;
///     println!("took {:?}, ok: {}", start.elapsed(), result.is_ok());
///     result
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let endpoint = ServiceBuilder::new()
///     .layer(middleware_fn(timed))
///     .service(endpoint_fn(|n: u32| async move { Ok::<_, Error>(n + 1) }));
/// assert_eq!(endpoint.invoke(1).await.unwrap(), 2);
/// # }
/// ```
///
/// # Readiness
///
/// The function may await anything before it runs what comes next, and no slot of an inner limit may be held meanwhile.
/// So this layer is always ready, and [`Next::run`] waits for the readiness of what is inside. A layer that acts on
/// readiness, such as tower's load shed, stands inside of it with the limit, or sees nothing.
///
/// # Cost
///
/// Two allocations a call: [`Next`] hides the type of what is inside.
pub const fn middleware_fn<F, T, Inner, Fut, R, E>(function: F) -> MiddlewareFn<F>
where
    // They stand again at `impl Service`; here they let the compiler say what is wrong where it is wrong.
    F: Fn(Request<T>, Next<T, Inner>) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    E: Into<Error>,
{
    MiddlewareFn { function }
}

/// The layer that [`middleware_fn`] makes. The services it makes share nothing but what the function shares.
#[derive(Clone, Copy)]
pub struct MiddlewareFn<F> {
    function: F,
}

impl<F: Clone, S> Layer<S> for MiddlewareFn<F> {
    type Service = Middleware<F, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Middleware { function: self.function.clone(), inner }
    }
}

impl<F> fmt::Debug for MiddlewareFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MiddlewareFn({})", std::any::type_name::<F>())
    }
}

/// An endpoint inside a [`middleware_fn`].
#[derive(Clone, Copy)]
pub struct Middleware<F, S> {
    function: F,
    inner: S,
}

impl<F, S, T, Fut, R, E> Service<Request<T>> for Middleware<F, S>
where
    T: Send + 'static,
    S: Endpoint<T>,
    F: Fn(Request<T>, Next<T, S::Reply>) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    E: Into<Error>,
{
    type Response = R;
    type Error = Error;
    type Future = EndpointFuture<Fut>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        let next = Next { inner: self.inner.clone().erased() };
        EndpointFuture::middleware((self.function)(request, next))
    }
}

impl<F, S: fmt::Debug> fmt::Debug for Middleware<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Middleware").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// What a [`middleware_fn`] stands around. A clone runs it again.
#[derive(Clone, Debug)]
pub struct Next<T, R> {
    inner: BoxEndpoint<T, R>,
}

impl<T, R> Next<T, R> {
    /// Waits until what is inside is ready, and calls it. Dropping the future cancels the call.
    pub fn run(self, request: Request<T>) -> Oneshot<BoxEndpoint<T, R>, Request<T>> {
        self.inner.oneshot(request)
    }
}
