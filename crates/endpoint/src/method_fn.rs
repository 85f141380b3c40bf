use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::{EndpointFuture, Error, Request};

/// An [`Endpoint`](crate::Endpoint) of a method of a service: an async function from the service and a message to a reply.
///
/// It is [`endpoint_fn`](crate::endpoint_fn) for a function that needs something of its own: each call gets a clone of it, so it is an `Arc` as a
/// rule, and its errors are turned as there. As there, what the closure does before it makes its future is done when the endpoint is called, and not
/// when the call is polled.
///
/// ```
/// use std::sync::Arc;
/// use towerkit_endpoint::{Endpoint, Error, method_fn};
///
/// struct Greeter {
///     greeting: &'static str,
/// }
///
/// impl Greeter {
///     async fn greet(&self, name: &str) -> Result<String, Error> {
///         Ok(format!("{} {name}", self.greeting))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let greeter = Arc::new(Greeter { greeting: "Hello" });
/// let greet = method_fn(greeter.clone(), |greeter, name: String| async move { greeter.greet(&name).await });
/// assert_eq!(greet.invoke("Ada".to_owned()).await.unwrap(), "Hello Ada");
/// # }
/// ```
pub const fn method_fn<S, F, T, Fut, R, E>(service: S, method: F) -> MethodFn<S, F>
where
    // They stand again at `impl Service`; here they give the closure its types.
    S: Clone,
    F: Fn(S, T) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    E: Into<Error>,
{
    MethodFn { service, method }
}

/// The endpoint that [`method_fn`] makes. It is always ready; clones share what clones of the service share.
#[derive(Clone, Copy)]
pub struct MethodFn<S, F> {
    service: S,
    method: F,
}

impl<S, F, T, Fut, R, E> Service<Request<T>> for MethodFn<S, F>
where
    S: Clone,
    F: Fn(S, T) -> Fut,
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
        EndpointFuture::endpoint((self.method)(self.service.clone(), request.into_message()))
    }
}

impl<S, F> fmt::Debug for MethodFn<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MethodFn({})", std::any::type_name::<F>())
    }
}
