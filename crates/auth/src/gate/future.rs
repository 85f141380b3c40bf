use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;
use towerkit_endpoint::Request;

use super::Check;
use crate::Answer;
use crate::answer::Later;

pin_project! {
    /// The future of a [`Gate`](super::Gate).
    pub struct GateFuture<S, C, T>
    where
        S: Service<Request<T>>,
        C: Check<T>,
    {
        #[pin]
        state: State<S, C, T>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, C, T>
    where
        S: Service<Request<T>>,
        C: Check<T>,
    {
        // `held` is none once it has failed.
        Checking { held: Option<Held<S, C, T>>, waiting: Option<Waiting<C, T>> },
        Readying { held: Option<(S, Request<T>)> },
        Calling { #[pin] future: S::Future },
    }
}

struct Held<S, C, T> {
    service: S,
    check: C,
    request: Request<T>,
}

struct Waiting<C: Check<T>, T> {
    ticket: Option<C::Ticket>,
    outcome: Later<C::Proof, C::Reason>,
}

impl<S, C, T> GateFuture<S, C, T>
where
    S: Service<Request<T>>,
    C: Check<T>,
{
    pub(super) const fn new(service: S, check: C, request: Request<T>) -> Self {
        Self { state: State::Checking { held: Some(Held { service, check, request }), waiting: None } }
    }
}

impl<S, C, T> Future for GateFuture<S, C, T>
where
    S: Service<Request<T>>,
    S::Error: From<C::Denied>,
    C: Check<T>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProj::Checking { held, waiting } => {
                    let Some(Held { check, request, .. }) = held else { return Poll::Pending };
                    let (ticket, outcome) = match waiting {
                        Some(Waiting { ticket, outcome }) => {
                            let outcome = ready!(outcome.as_mut().poll(cx));
                            (ticket.take(), outcome)
                        }
                        None => match check.begin(request) {
                            (ticket, Answer::Now(outcome)) => (Some(ticket), outcome),
                            (ticket, Answer::Later(outcome)) => {
                                *waiting = Some(Waiting { ticket: Some(ticket), outcome });
                                continue;
                            }
                        },
                    };
                    let (Some(Held { service, check, mut request }), Some(ticket)) = (held.take(), ticket) else {
                        return Poll::Pending;
                    };
                    if let Err(denied) = check.end(ticket, &mut request, outcome) {
                        return Poll::Ready(Err(denied.into()));
                    }
                    state.set(State::Readying { held: Some((service, request)) });
                }
                StateProj::Readying { held } => {
                    let Some((service, _)) = held else { return Poll::Pending };
                    if let Err(error) = ready!(service.poll_ready(cx)) {
                        *held = None;
                        return Poll::Ready(Err(error));
                    }
                    let Some((mut service, request)) = held.take() else { return Poll::Pending };
                    let future = service.call(request);
                    state.set(State::Calling { future });
                }
                StateProj::Calling { future } => return future.poll(cx),
            }
        }
    }
}

impl<S, C, T> fmt::Debug for GateFuture<S, C, T>
where
    S: Service<Request<T>>,
    C: Check<T>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateFuture").finish_non_exhaustive()
    }
}
