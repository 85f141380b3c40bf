use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{Error, NotSent, Request};

/// An [`Endpoint`](crate::Endpoint) of an async function from a message to a reply.
///
/// The function's error is an [`Error`] or converts into one: a domain error by [`Classify`](crate::Classify). A function
/// that needs something of its own, such as the service it is a method of, is taken by [`method_fn`](crate::method_fn); one
/// that wants the [`Context`](crate::Context) as well by [`service_fn`](crate::service_fn), with the whole [`Request`].
///
/// What is to be done belongs into the future, `|message| async move { .. }`: what a closure does before it makes one is done when the endpoint
/// is called, even where the call is never polled, and no layer's deadline, and none that catches panics, is about it.
///
/// ```
/// use towerkit_endpoint::{Endpoint, Error, Request, endpoint_fn, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let greet = endpoint_fn(|name: String| async move { Ok::<_, Error>(format!("Hello {name}")) });
/// assert_eq!(greet.invoke("Ada".to_owned()).await.unwrap(), "Hello Ada");
///
/// let who = service_fn(|request: Request<()>| async move {
///     Ok::<_, Error>(request.context().metadata().get("x-tenant").map(str::to_owned))
/// });
/// assert_eq!(who.invoke(()).await.unwrap(), None);
/// # }
/// ```
pub const fn endpoint_fn<F, T, Fut, R, E>(function: F) -> EndpointFn<F>
where
    // They stand again at `impl Service`; here they let the compiler say what is wrong where it is wrong.
    F: Fn(T) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    E: Into<Error>,
{
    EndpointFn { function }
}

/// The endpoint that [`endpoint_fn`] makes. It is always ready; clones share what the function shares.
#[derive(Clone, Copy)]
pub struct EndpointFn<F> {
    function: F,
}

impl<F, T, Fut, R, E> Service<Request<T>> for EndpointFn<F>
where
    F: Fn(T) -> Fut,
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
        EndpointFuture::endpoint((self.function)(request.into_message()))
    }
}

impl<F> fmt::Debug for EndpointFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointFn({})", std::any::type_name::<F>())
    }
}

pin_project! {
    /// A user's future, with its error turned into an [`Error`].
    #[derive(Debug)]
    pub struct EndpointFuture<Fut> {
        #[pin]
        future: Fut,
        // A middleware passes on what the layers inside of it refused.
        is_endpoint: bool,
    }
}

impl<Fut> EndpointFuture<Fut> {
    const fn endpoint(future: Fut) -> Self {
        Self { future, is_endpoint: true }
    }

    pub(crate) const fn middleware(future: Fut) -> Self {
        Self { future, is_endpoint: false }
    }
}

impl<Fut, R, E> Future for EndpointFuture<Fut>
where
    Fut: Future<Output = Result<R, E>>,
    E: Into<Error>,
{
    type Output = Result<R, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.future.poll(cx).map_err(|error| {
            let mut error = error.into();
            if *this.is_endpoint {
                // The call did arrive, whatever became of the calls it made in turn.
                error.remove::<NotSent>();
            }
            error
        })
    }
}
