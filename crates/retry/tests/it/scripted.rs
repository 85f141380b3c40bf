//! A service that answers as it is told, and remembers what it was asked.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower::Service;
use towerkit_endpoint::{Code, Error, NotSent, Repeated, Request, RetryAfter};

pub(crate) type Calls = Arc<Mutex<Vec<Seen>>>;

/// One call as the service saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) deadline: Option<Instant>,
    pub(crate) repeated: Option<Repeated>,
}

/// One reply: after how long, and what.
pub(crate) type Step = (Duration, Result<usize, Error>);

#[derive(Clone)]
pub(crate) struct Scripted {
    steps: Arc<Mutex<VecDeque<Step>>>,
    pub(crate) calls: Calls,
}

/// Replies in this order, at once. Once there are no more, each call is answered with its number, from 1.
pub(crate) fn replies(results: impl IntoIterator<Item = Result<usize, Error>>) -> Scripted {
    steps(results.into_iter().map(|result| (Duration::ZERO, result)))
}

pub(crate) fn failing(errors: impl IntoIterator<Item = Error>) -> Scripted {
    replies(errors.into_iter().map(Err))
}

pub(crate) fn steps(steps: impl IntoIterator<Item = Step>) -> Scripted {
    Scripted { steps: Arc::new(Mutex::new(steps.into_iter().collect())), calls: Calls::default() }
}

impl Scripted {
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// The times between calls.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        self.calls.lock().unwrap().windows(2).map(|pair| pair[1].at - pair[0].at).collect()
    }
}

impl Service<Request<()>> for Scripted {
    type Response = usize;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<usize, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let mut calls = self.calls.lock().unwrap();
        let context = request.context();
        calls.push(Seen { at: Instant::now(), deadline: context.deadline(), repeated: context.get().copied() });
        let number = calls.len();
        let (delay, result) = self.steps.lock().unwrap().pop_front().unwrap_or((Duration::ZERO, Ok(number)));
        Box::pin(async move {
            if !delay.is_zero() {
                sleep(delay).await;
            }
            result
        })
    }
}

pub(crate) fn error(code: Code) -> Error {
    Error::from(code)
}

pub(crate) fn not_sent(code: Code) -> Error {
    Error::from(code).with_extension(NotSent)
}

pub(crate) fn retry_after(code: Code, after: Duration) -> Error {
    Error::from(code).with_extension(RetryAfter(after))
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A request whose caller waits so long.
pub(crate) fn within(time: Duration) -> Request<()> {
    let mut request = Request::new(());
    request.context_mut().shorten_deadline_within(time);
    request
}
