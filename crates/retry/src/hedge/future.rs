use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;
use towerkit_endpoint::{BoxError, Failure, Repeated};

use super::Hedging;
use super::policy::{Policy, is_answer};
use crate::budget::Token;
use crate::failures::{Failed, Failures};
use crate::{Exhausted, Repeat, Stopped};

pin_project! {
    /// The future of [`Hedge`](super::Hedge).
    pub struct HedgeFuture<S, Req>
    where
        S: Service<Req>,
    {
        // None once it has failed.
        #[pin]
        first: Option<S::Future>,
        // Those in flight beside it. Most calls have none, and an empty list allocates nothing.
        further: Vec<Pin<Box<S::Future>>>,
        #[pin]
        sleep: Option<Sleep>,
        step: Step,
        hedging: Hedger<S, Req>,
        failures: Failures<S::Error>,
    }
}

/// What is done about a further attempt, beside waiting for those in flight.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The call was not polled yet.
    Start,
    /// The next attempt has no time set yet.
    Attempt,
    /// It is due when the timer fires, so much after the one before.
    Waiting(Duration),
    /// The service is made ready for it.
    Readying,
    /// There will be no further attempt.
    Last,
    /// The result was given.
    Done,
}

/// All that a further attempt needs.
struct Hedger<S, Req> {
    service: S,
    /// None where there is to be no further attempt.
    request: Option<Req>,
    policy: Arc<Policy>,
    /// When the call was made, where its latency counts.
    begun: Option<Instant>,
    /// Attempts begun.
    made: u32,
    token: Option<Token>,
}

impl<S: Service<Req>, Req> HedgeFuture<S, Req> {
    pub(super) const fn new(
        first: S::Future,
        service: S,
        request: Option<Req>,
        policy: Arc<Policy>,
        begun: Option<Instant>,
    ) -> Self {
        let hedging = Hedger { service, request, policy, begun, made: 1, token: None };
        Self {
            first: Some(first),
            further: Vec::new(),
            sleep: None,
            step: Step::Start,
            hedging,
            failures: Failures::new(),
        }
    }
}

impl<S, Req> Hedger<S, Req>
where
    S: Service<Req>,
    Req: Repeat,
{
    /// When the next attempt is due, and how much after the one before; none where there is to be none.
    fn due(&self) -> Option<(Instant, Duration)> {
        let deadline = self.request.as_ref()?.deadline();
        let delay = self.policy.delay()?;
        let from = if self.made == 1 { self.begun } else { None };
        let due = from.unwrap_or_else(Instant::now).checked_add(delay)?;
        // What goes out at the deadline comes too late.
        deadline.is_none_or(|deadline| due < deadline).then_some((due, delay))
    }

    /// Takes leave for the next attempt; whether it got it.
    fn take_leave(&mut self, delay: Duration) -> bool {
        let settings = &self.policy.settings;
        self.token = match &settings.budget {
            Some(budget) => budget.withdraw(),
            None => Some(Token::free()),
        };
        if let (Some(_), Some(listener)) = (&self.token, &settings.on_hedge) {
            listener(&Hedging { attempt: self.made.saturating_add(1), delay });
        }
        self.token.is_some()
    }

    /// Makes the next attempt. The request that is kept goes with the last.
    fn attempt(&mut self) -> Option<S::Future> {
        self.made = self.made.saturating_add(1);
        let last = self.made >= self.policy.settings.attempts;
        let mut request = if last { self.request.take() } else { self.request.as_ref().map(Repeat::again) }?;
        request.mark(Repeated { since: Instant::now() });
        if let Some(token) = self.token.take() {
            token.spend();
        }
        Some(self.service.call(request))
    }

    fn answered(&self) {
        if let (Some(latencies), Some(begun)) = (&self.policy.latencies, self.begun) {
            let now = Instant::now();
            latencies.record(now.duration_since(begun), now);
        }
    }
}

impl<S, Req> Future for HedgeFuture<S, Req>
where
    S: Service<Req>,
    S::Error: Failure + From<Exhausted> + Into<BoxError>,
    Req: Repeat,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Step::Start = self.step {
            let this = self.as_mut().project();
            if let Some(budget) = &this.hedging.policy.settings.budget {
                budget.deposit();
            }
            *this.step = Step::Attempt;
        }
        if let Step::Done = self.step {
            return Poll::Pending;
        }
        loop {
            if let Poll::Ready(result) = self.as_mut().poll_attempts(cx) {
                // The losers are cancelled now, and not when whoever awaits this future lets go of it.
                let mut this = self.project();
                this.first.set(None);
                this.further.clear();
                this.sleep.set(None);
                this.hedging.token = None;
                *this.step = Step::Done;
                return Poll::Ready(result);
            }
            ready!(self.as_mut().poll_next(cx));
        }
    }
}

impl<S, Req> HedgeFuture<S, Req>
where
    S: Service<Req>,
    S::Error: Failure + From<Exhausted> + Into<BoxError>,
    Req: Repeat,
{
    /// Polls all that is in flight. Ready with the first answer, or once all have failed.
    fn poll_attempts(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<S::Response, S::Error>> {
        let mut this = self.project();
        match this.first.as_mut().as_pin_mut().map(|first| first.poll(cx)) {
            None | Some(Poll::Pending) => {}
            Some(Poll::Ready(Err(error))) if !is_answer(&error) => {
                this.failures.push(Failed::Error(error));
                this.first.set(None);
            }
            Some(Poll::Ready(answer)) => {
                this.hedging.answered();
                return Poll::Ready(answer);
            }
        }
        let mut at = 0;
        while let Some(attempt) = this.further.get_mut(at) {
            match attempt.as_mut().poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(Err(error)) if !is_answer(&error) => {
                    this.failures.push(Failed::Error(error));
                    drop(this.further.remove(at));
                }
                Poll::Ready(answer) => {
                    this.hedging.answered();
                    return Poll::Ready(answer);
                }
            }
        }
        if this.first.is_none() && this.further.is_empty() {
            return Poll::Ready(Err(this.failures.end(Stopped::AllFailed)));
        }
        Poll::Pending
    }

    /// Ready when a further attempt was made.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            *this.step = match *this.step {
                Step::Attempt => match this.hedging.due() {
                    Some((due, delay)) => {
                        this.sleep.set(Some(sleep_until(due)));
                        Step::Waiting(delay)
                    }
                    None => Step::Last,
                },
                Step::Waiting(delay) => {
                    if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                        ready!(sleep.poll(cx));
                    }
                    this.sleep.set(None);
                    if this.hedging.take_leave(delay) { Step::Readying } else { Step::Last }
                }
                Step::Readying => match ready!(this.hedging.service.poll_ready(cx)) {
                    Ok(()) => match this.hedging.attempt() {
                        Some(attempt) => {
                            this.further.push(Box::pin(attempt));
                            *this.step = Step::Attempt;
                            return Poll::Ready(());
                        }
                        None => Step::Last,
                    },
                    // The service is at its end. Those in flight may still be answered.
                    Err(error) => {
                        this.failures.push(Failed::Error(error));
                        this.hedging.token = None;
                        Step::Last
                    }
                },
                Step::Start | Step::Last | Step::Done => return Poll::Pending,
            }
        }
    }
}

impl<S: Service<Req>, Req> fmt::Debug for HedgeFuture<S, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeFuture")
            .field("step", &self.step)
            .field("attempts", &self.hedging.made)
            .finish_non_exhaustive()
    }
}
