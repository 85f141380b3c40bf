use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;
use towerkit_endpoint::{Code, Ending, Failure, Tail};

use super::nodes::{self, Chosen};
use super::{Call, Choose, Shared, Strategy};
use crate::NoInstance;
use crate::endpointer::{InFlight, Outcome, Standing};

pin_project! {
    /// The future of a [`Balancer`](super::Balancer).
    pub struct BalancerFuture<S, P, R>
    where
        S: Service<R>,
        P: Strategy,
    {
        #[pin]
        state: State<S, R, S::Future>,
        shared: Arc<Shared<S, P>>,
        // None until an instance was chosen.
        in_flight: Option<InFlight>,
        tail: Option<Tail>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[project_replace = StateReplaced]
    enum State<S, R, F> {
        // Nothing was done yet.
        Start { request: R },
        // The registry was not heard of yet.
        Waiting { request: R, told: Told },
        // The chosen instance is made ready.
        Readying { service: S, request: R },
        Calling { #[pin] call: F },
        Done,
    }
}

/// Ends when it is known whether there are instances.
type Told = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

impl<S: Service<R>, P: Strategy, R> BalancerFuture<S, P, R> {
    pub(super) const fn new(shared: Arc<Shared<S, P>>, request: R) -> Self {
        Self { state: State::Start { request }, shared, in_flight: None, tail: None }
    }
}

impl<S, P, R> Future for BalancerFuture<S, P, R>
where
    S: Service<R> + Clone,
    S::Error: Failure + From<NoInstance>,
    P: Strategy + Choose<R>,
    R: Call,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let result = match this.state.as_mut().project() {
                StateProjection::Start { request } => {
                    let choices = this.shared.choices.load();
                    match nodes::choose(this.shared, &choices, request) {
                        Some(Chosen { number, at }) => {
                            let (Some(member), Some(service)) =
                                (choices.members.get(number), choices.services.get(number))
                            else {
                                this.state.set(State::Done);
                                return Poll::Ready(Err(NoInstance::new().into()));
                            };
                            let node = member.node.clone();
                            *this.in_flight = Some(InFlight::new(node, P::LATENCY_DECAY, at, request.deadline()));
                            *this.tail = request.tail().cloned();
                            let service = service.clone();
                            if let StateReplaced::Start { request } = this.state.as_mut().project_replace(State::Done) {
                                this.state.set(State::Readying { service, request });
                            }
                        }
                        None => {
                            let standing = this.shared.standing.borrow().clone();
                            if standing.is_told() {
                                this.state.set(State::Done);
                                return Poll::Ready(Err(standing.refusal().into()));
                            }
                            let mut standing = this.shared.standing.clone();
                            // An error says that nothing more will be told.
                            let told = async move { drop(standing.wait_for(Standing::is_told).await) };
                            if let StateReplaced::Start { request } = this.state.as_mut().project_replace(State::Done) {
                                this.state.set(State::Waiting { request, told: Box::pin(told) });
                            }
                        }
                    }
                    continue;
                }
                StateProjection::Waiting { told, .. } => {
                    ready!(told.as_mut().poll(cx));
                    if let StateReplaced::Waiting { request, .. } = this.state.as_mut().project_replace(State::Done) {
                        this.state.set(State::Start { request });
                    }
                    continue;
                }
                StateProjection::Readying { service, .. } => match ready!(service.poll_ready(cx)) {
                    Ok(()) => {
                        if let StateReplaced::Readying { mut service, request } =
                            this.state.as_mut().project_replace(State::Done)
                        {
                            let call = service.call(request);
                            this.state.set(State::Calling { call });
                        }
                        continue;
                    }
                    Err(error) => Err(error),
                },
                StateProjection::Calling { call } => ready!(call.poll(cx)),
                StateProjection::Done => return Poll::Pending, // polled again after its end, which no caller may
            };
            // What is in the call is given back before its end is told.
            this.state.set(State::Done);
            let tail = this.tail.take();
            if let Some(mut in_flight) = this.in_flight.take() {
                match (&result, tail) {
                    // The call goes on until the stream of its reply ends.
                    (Ok(_), Some(tail)) => tail.on_end(move |ending| {
                        in_flight.end(match ending {
                            Ending::Failed(code) if code.is_fault() => Outcome::Fault,
                            _ => Outcome::Good,
                        });
                    }),
                    (Ok(_), None) => in_flight.end(Outcome::Good),
                    (Err(error), _) => in_flight.end(outcome(error)),
                }
            }
            return Poll::Ready(result);
        }
    }
}

fn outcome(error: &impl Failure) -> Outcome {
    match error.code() {
        _ if error.is_refused() => Outcome::Refused,
        Code::ResourceExhausted => Outcome::Refused,
        code if code.is_fault() => Outcome::Fault,
        _ => Outcome::Good,
    }
}

impl<S: Service<R>, P: Strategy, R> fmt::Debug for BalancerFuture<S, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BalancerFuture").field("chosen", &self.in_flight.is_some()).finish_non_exhaustive()
    }
}
