use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;
use towerkit_endpoint::{BoxError, Failure, Repeated};

use super::policy::Policy;
use crate::budget::Token;
use crate::failures::{Failed, Failures};
use crate::{AttemptElapsed, Exhausted, Repeat, Stopped};

pin_project! {
    /// The future of [`Retry`](super::Retry).
    pub struct RetryFuture<S, Req>
    where
        S: Service<Req>,
    {
        // None between attempts.
        #[pin]
        attempt: Option<S::Future>,
        // The wait between attempts, or else the limit of an attempt, set at the first poll that finds it not done: most
        // calls never need a timer.
        #[pin]
        sleep: Option<Sleep>,
        step: Step,
        repetition: Repetition<S, Req, S::Error>,
    }
}

/// Where a call is.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The first attempt was not polled yet.
    Start,
    /// An attempt is in flight.
    Attempt,
    /// The wait before the next. Nothing is held but the leave for it.
    Backoff,
    /// The service is made ready for the next.
    Readying,
    /// The result was given.
    Done,
}

/// All that a call needs to be made again.
pub(super) struct Repetition<S, Req, E> {
    service: S,
    /// None where no further attempt may follow.
    request: Option<Req>,
    policy: Arc<Policy>,
    /// When the call must be over, as far as that is known.
    deadline: Option<Instant>,
    /// When the attempt is to be cut off.
    limit: Option<Instant>,
    /// Since when it fails: none in the first attempt.
    repeated: Option<Repeated>,
    /// Attempts begun.
    made: u32,
    token: Option<Token>,
    failures: Failures<E>,
}

impl<S, Req: Repeat, E> Repetition<S, Req, E> {
    pub(super) const fn new(
        service: S,
        request: Option<Req>,
        policy: Arc<Policy>,
        deadline: Option<Instant>,
        limit: Option<Instant>,
    ) -> Self {
        Self {
            service,
            request,
            policy,
            deadline,
            limit,
            repeated: None,
            made: 1,
            token: None,
            failures: Failures::new(),
        }
    }

    /// Begins the next attempt: its time runs from here.
    fn begin(&mut self) {
        self.made = self.made.saturating_add(1);
        if let Some(time) = self.policy.settings.attempt_timeout {
            self.limit = [self.deadline, Instant::now().checked_add(time)].into_iter().flatten().min();
        }
    }

    /// The request of an attempt. The one that is kept goes with the last.
    fn request(&mut self) -> Option<Req> {
        let last = self.made >= self.policy.settings.attempts;
        let mut request = if last { self.request.take() } else { self.request.as_ref().map(Repeat::again) }?;
        if let Some(limit) = self.limit {
            request.shorten_deadline(limit);
        }
        if let Some(repeated) = self.repeated {
            request.mark(repeated);
        }
        Some(request)
    }
}

impl<S, Req, E> Repetition<S, Req, E>
where
    Req: Repeat,
    E: Failure + From<Exhausted> + Into<BoxError>,
{
    /// What comes after a failed attempt: the wait for the next, or the error of the call.
    fn after(&mut self, failed: Failed<E>, mut sleep: Pin<&mut Option<Sleep>>) -> Result<Step, E> {
        let idempotent = self.request.as_ref().is_some_and(Repeat::is_idempotent);
        self.repeated.get_or_insert_with(|| Repeated { since: Instant::now() });
        let next = self.policy.next(&failed, self.made, idempotent, self.deadline);
        self.failures.push(failed);
        let (delay, token) = next.map_err(|stopped| self.failures.end(stopped))?;
        self.token = Some(token);
        if delay.is_zero() {
            self.begin();
            return Ok(Step::Readying);
        }
        sleep.set(Some(tokio::time::sleep(delay)));
        Ok(Step::Backoff)
    }
}

impl<S: Service<Req>, Req> RetryFuture<S, Req> {
    pub(super) const fn new(attempt: S::Future, repetition: Repetition<S, Req, S::Error>) -> Self {
        Self { attempt: Some(attempt), sleep: None, step: Step::Start, repetition }
    }
}

impl<S, Req> Future for RetryFuture<S, Req>
where
    S: Service<Req>,
    S::Error: Failure + From<Exhausted> + Into<BoxError>,
    Req: Repeat,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let repetition = this.repetition;
        loop {
            match *this.step {
                Step::Start => {
                    if let Some(budget) = &repetition.policy.settings.budget {
                        budget.deposit();
                    }
                    *this.step = Step::Attempt;
                }
                Step::Attempt => {
                    let Some(attempt) = this.attempt.as_mut().as_pin_mut() else { return Poll::Pending };
                    let failed = match attempt.poll(cx) {
                        // An answer that is there in time is never turned into a failure.
                        Poll::Ready(Ok(response)) => {
                            *this.step = Step::Done;
                            return Poll::Ready(Ok(response));
                        }
                        Poll::Ready(Err(error)) => Failed::Error(error),
                        Poll::Pending => {
                            ready!(poll_limit(this.sleep.as_mut(), repetition.limit, cx));
                            Failed::Elapsed(AttemptElapsed::new(true))
                        }
                    };
                    // What the attempt holds is given back before the wait, not after it.
                    this.attempt.set(None);
                    this.sleep.set(None);
                    *this.step = Step::Done;
                    *this.step = repetition.after(failed, this.sleep.as_mut())?;
                }
                Step::Backoff => {
                    if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                        ready!(sleep.poll(cx));
                    }
                    this.sleep.set(None);
                    repetition.begin();
                    *this.step = Step::Readying;
                }
                Step::Readying => match repetition.service.poll_ready(cx) {
                    Poll::Ready(Ok(())) => {
                        this.sleep.set(None);
                        let Some(request) = repetition.request() else { return Poll::Pending };
                        if let Some(token) = repetition.token.take() {
                            token.spend();
                        }
                        this.attempt.set(Some(repetition.service.call(request)));
                        *this.step = Step::Attempt;
                    }
                    Poll::Ready(Err(error)) => {
                        *this.step = Step::Done;
                        repetition.token = None;
                        repetition.failures.push(Failed::Error(error));
                        return Poll::Ready(Err(repetition.failures.end(Stopped::NotReady)));
                    }
                    Poll::Pending => {
                        ready!(poll_limit(this.sleep.as_mut(), repetition.limit, cx));
                        this.sleep.set(None);
                        // The attempt was not made: its leave goes back.
                        repetition.token = None;
                        *this.step = Step::Done;
                        let failed = Failed::Elapsed(AttemptElapsed::new(false));
                        *this.step = repetition.after(failed, this.sleep.as_mut())?;
                    }
                },
                Step::Done => return Poll::Pending,
            }
        }
    }
}

/// Ready once the limit has passed.
fn poll_limit(mut sleep: Pin<&mut Option<Sleep>>, limit: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(limit) = limit else { return Poll::Pending };
    if sleep.is_none() {
        sleep.set(Some(sleep_until(limit)));
    }
    match sleep.as_pin_mut() {
        Some(sleep) => sleep.poll(cx),
        None => Poll::Pending,
    }
}

impl<S: Service<Req>, Req> fmt::Debug for RetryFuture<S, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture")
            .field("step", &self.step)
            .field("attempts", &self.repetition.made)
            .finish_non_exhaustive()
    }
}
