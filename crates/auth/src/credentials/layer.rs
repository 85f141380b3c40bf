use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;
use towerkit_endpoint::{Failure, Request};

use super::{CredentialSource, CredentialsFuture, NoCredentials};

/// Writes credentials into the metadata of outgoing calls, in place of any under that name.
///
/// They travel as HTTP's `authorization`, as gRPC's metadata and as a header of NATS alike. A call for which there are none fails with
/// [`NoCredentials`] and is not sent. After a reply of `Unauthenticated` the source is [told](CredentialSource::rejected), so that a token which is
/// kept is thrown away; the call is not repeated here.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_auth::{Credentials, CredentialsLayer};
/// use towerkit_endpoint::{Endpoint, Error, Request, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let credentials = CredentialsLayer::new(Credentials::bearer("mF_9.B5f-4.1JqM")?);
///
/// let greet = ServiceBuilder::new()
///     // ... deadline, retry ...
///     .layer(credentials.clone())
///     // ... breaker, limiter, balancer ...
///     .service(service_fn(|request: Request<()>| async move {
///         // In earnest a client of a transport, which sends the metadata.
///         Ok::<_, Error>(request.context().metadata().get("authorization").map(str::to_owned))
///     }));
///
/// assert_eq!(greet.invoke(()).await?.as_deref(), Some("Bearer mF_9.B5f-4.1JqM"));
/// # Ok(())
/// # }
/// ```
///
/// # Where it stands
///
/// Inside of the retry, so that each attempt has credentials anew: one that
/// repeats `Unauthenticated` calls again with another token, since the rejected one is gone by then. (The retry of towerkit-retry does
/// so where its `codes` are told.) Outside of breakers, limits and balancers: a missing token is no failure of theirs, and nobody holds a place of a limit while
/// a token is fetched. A deadline stands outside of it, and bounds the wait.
///
/// It is always ready, and drives the readiness of what is inside in its future, once it has the credentials. Clones, and the services that it makes, share the
/// source. A call costs some 100 ns beside what the source says, and allocates what an entry of the metadata does.
#[derive(Clone)]
pub struct CredentialsLayer {
    source: Arc<dyn CredentialSource>,
}

impl CredentialsLayer {
    /// From a source.
    #[must_use]
    pub fn new(source: impl CredentialSource) -> Self {
        Self { source: Arc::new(source) }
    }
}

impl<S> Layer<S> for CredentialsLayer {
    type Service = WithCredentials<S>;

    fn layer(&self, inner: S) -> WithCredentials<S> {
        WithCredentials { inner, source: Arc::clone(&self.source) }
    }
}

impl fmt::Debug for CredentialsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsLayer").field("source", &self.source).finish()
    }
}

/// The service of a [`CredentialsLayer`].
#[derive(Clone)]
pub struct WithCredentials<S> {
    inner: S,
    source: Arc<dyn CredentialSource>,
}

impl<S, T> Service<Request<T>> for WithCredentials<S>
where
    S: Service<Request<T>> + Clone,
    S::Error: From<NoCredentials> + Failure,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = CredentialsFuture<S, T>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        CredentialsFuture::new(self.inner.clone(), Arc::clone(&self.source), request)
    }
}

impl<S: fmt::Debug> fmt::Debug for WithCredentials<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithCredentials").field("inner", &self.inner).field("source", &self.source).finish()
    }
}
