use std::future::Future;

use tower::util::{MapErr, Oneshot};
use tower_service::Service;

use crate::{BoxEndpoint, Error, Request};

/// One method of a service, served or called, whatever carries it.
///
/// It is a name for bounds: every [`Service`] over [`Request<T>`] that can be cloned and shared between threads, and whose
/// error can become an [`Error`], is an endpoint. Nobody implements it by hand.
///
/// A function that takes an endpoint writes `E: Endpoint<T>` and has `E::Reply`:
///
/// ```
/// use towerkit_endpoint::{BoxEndpoint, Endpoint, Error, endpoint_fn};
///
/// async fn twice<E: Endpoint<u32, Reply = u32>>(endpoint: E) -> Result<u32, Error> {
///     Ok(endpoint.invoke(1).await? + endpoint.invoke(2).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let double = endpoint_fn(|n: u32| async move { Ok::<_, Error>(n * 2) });
/// assert_eq!(twice(double).await.unwrap(), 6);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an endpoint that takes `{T}`",
    label = "not an endpoint for messages of type `{T}`",
    note = "an endpoint is a `tower::Service<Request<{T}>>` that is `Clone + Send + Sync + 'static`",
    note = "its error must be `towerkit_endpoint::Error` or convert into it, its reply and its future must be `Send + 'static`",
    note = "a function becomes one by `towerkit_endpoint::endpoint_fn`"
)]
pub trait Endpoint<T>:
    Service<Request<T>, Response = Self::Reply, Error = Self::Failure, Future = Self::Call> + Clone + Send + Sync + 'static
{
    /// What it answers.
    type Reply: Send + 'static;
    /// How it fails.
    type Failure: Into<Error>;
    /// A call under way; dropping it cancels the call.
    type Call: Future<Output = Result<Self::Reply, Self::Failure>> + Send + 'static;

    /// Hides the type of a finished stack: one box for a stack, not one for each layer.
    fn erased(self) -> BoxEndpoint<T, Self::Reply>
    where
        T: Send + 'static,
    {
        BoxEndpoint::new(MapErr::new(self, Into::into))
    }

    /// Calls it once: clones it, waits until the clone is ready, and calls that. Calls may run side by side.
    ///
    /// A bare message goes out in an empty context; give a [`Request`] for one with a deadline or metadata.
    fn invoke(&self, request: impl Into<Request<T>>) -> Invoke<Self, T> {
        Oneshot::new(MapErr::new(self.clone(), Into::into), request.into())
    }
}

/// The future of [`Endpoint::invoke`].
type Invoke<E, T> = Oneshot<MapErr<E, fn(<E as Endpoint<T>>::Failure) -> Error>, Request<T>>;

impl<T, S> Endpoint<T> for S
where
    S: Service<Request<T>> + Clone + Send + Sync + 'static,
    S::Response: Send + 'static,
    S::Error: Into<Error>,
    S::Future: Send + 'static,
{
    type Reply = S::Response;
    type Failure = S::Error;
    type Call = S::Future;
}
