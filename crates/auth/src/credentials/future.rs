use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;
use towerkit_endpoint::{Code, Failure, Request};

use super::{CredentialSource, Credentials, NoCredentials};
use crate::Answer;

pin_project! {
    /// The future of a [`CredentialsLayer`](crate::CredentialsLayer)'s service.
    pub struct CredentialsFuture<S, T>
    where
        S: Service<Request<T>>,
    {
        source: Arc<dyn CredentialSource>,
        given: Option<Credentials>,
        #[pin]
        state: State<S, T>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, T>
    where
        S: Service<Request<T>>,
    {
        // `held` is none once it has failed.
        Preparing { held: Option<(S, Request<T>)>, waiting: Option<Waiting> },
        Calling { #[pin] future: S::Future },
    }
}

type Waiting = Pin<Box<dyn Future<Output = Result<Credentials, NoCredentials>> + Send>>;

impl<S, T> CredentialsFuture<S, T>
where
    S: Service<Request<T>>,
{
    pub(super) const fn new(service: S, source: Arc<dyn CredentialSource>, request: Request<T>) -> Self {
        Self { source, given: None, state: State::Preparing { held: Some((service, request)), waiting: None } }
    }
}

impl<S, T> Future for CredentialsFuture<S, T>
where
    S: Service<Request<T>>,
    S::Error: From<NoCredentials> + Failure,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                // The request stays where it is until it goes out: it is large, and each move costs.
                StateProj::Preparing { held, waiting } => {
                    let Some((service, request)) = held else { return Poll::Pending };
                    if this.given.is_none() {
                        let outcome = match waiting {
                            Some(waiting) => ready!(waiting.as_mut().poll(cx)),
                            None => match this.source.credentials(request.context()) {
                                Answer::Now(outcome) => outcome,
                                Answer::Later(outcome) => {
                                    *waiting = Some(outcome);
                                    continue;
                                }
                            },
                        };
                        let credentials = match outcome {
                            Ok(credentials) => credentials,
                            Err(error) => {
                                *held = None;
                                return Poll::Ready(Err(error.into()));
                            }
                        };
                        let metadata = request.context_mut().metadata_mut();
                        metadata.insert(credentials.name().clone(), credentials.value().clone());
                        *this.given = Some(credentials);
                        *waiting = None;
                    }
                    if let Err(error) = ready!(service.poll_ready(cx)) {
                        *held = None;
                        return Poll::Ready(Err(error));
                    }
                    let Some((mut service, request)) = held.take() else { return Poll::Pending };
                    let future = service.call(request);
                    this.state.set(State::Calling { future });
                }
                StateProj::Calling { future } => {
                    let reply = ready!(future.poll(cx));
                    if let Err(error) = &reply
                        && error.code() == Code::Unauthenticated
                        && let Some(credentials) = this.given.take()
                    {
                        this.source.rejected(&credentials);
                    }
                    return Poll::Ready(reply);
                }
            }
        }
    }
}

impl<S, T> fmt::Debug for CredentialsFuture<S, T>
where
    S: Service<Request<T>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsFuture").finish_non_exhaustive()
    }
}
