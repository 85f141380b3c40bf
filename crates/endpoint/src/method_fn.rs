use std::future::Future;

use crate::{EndpointFn, Error, endpoint_fn};

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
pub const fn method_fn<S, F, T, Fut, R, E>(service: S, method: F) -> EndpointFn<impl Fn(T) -> Fut + Clone>
where
    S: Clone,
    F: Fn(S, T) -> Fut + Clone,
    Fut: Future<Output = Result<R, E>>,
    E: Into<Error>,
{
    endpoint_fn(move |message| method(service.clone(), message))
}
