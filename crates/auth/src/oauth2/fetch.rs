use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use super::NoToken;
use super::supply::{Failed, Step, Supply};
use super::token_request::TokenRequest;
use crate::credentials::Token;
use crate::{Credentials, NoCredentials};

/// How much longer than it may take a fetch is waited for.
const GRACE: Duration = Duration::from_secs(1);

type Outcome = Result<Credentials, NoCredentials>;

/// What a call waits on; none is a fetch without an outcome as yet.
pub(super) type Fetched = watch::Receiver<Option<Outcome>>;

/// An issuer of tokens, and what there is of them. Clones share both.
#[derive(Clone)]
pub(super) struct Issuer {
    pub(super) request: Arc<TokenRequest>,
    supply: Arc<Mutex<Supply<Fetched>>>,
}

/// What a call gets.
pub(super) enum Ask {
    Now(Outcome),
    Later(Fetched),
}

impl Issuer {
    pub(super) fn new(request: TokenRequest) -> Self {
        Self { request: Arc::new(request), supply: Arc::new(Mutex::new(Supply::new())) }
    }

    /// A token, or what to wait for; the fetch has begun then.
    pub(super) fn ask(&self) -> Ask {
        let mut supply = self.supply();
        // The clock is read under the lock: so no call is earlier than a token that it finds.
        let now = SystemTime::now();
        let meanwhile = match supply.step(now) {
            Step::Use(credentials) => return Ask::Now(Ok(credentials)),
            Step::Wait(fetched) => return Ask::Later(fetched),
            Step::Fail(error) => return Ask::Now(Err(error)),
            Step::Fetch(meanwhile) => meanwhile,
        };
        let Ok(runtime) = Handle::try_current() else {
            return Ask::Now(
                meanwhile
                    .ok_or_else(|| NoCredentials::internal(NoToken::Lost("there is no runtime to fetch a token on"))),
            );
        };
        let (tell, fetched) = watch::channel(None);
        let number = supply.begin(fetched.clone(), self.within(), now);
        drop(supply);
        let fetch = Fetch { issuer: self.clone(), number, tell, has_ended: false };
        runtime.spawn(fetch.run(now));
        meanwhile.map_or(Ask::Later(fetched), |credentials| Ask::Now(Ok(credentials)))
    }

    /// What a fetch brings. One that is lost with its runtime is made again, once.
    pub(super) async fn wait(&self, mut fetched: Fetched) -> Outcome {
        for _ in 0..2 {
            if let Ok(Ok(outcome)) = timeout(self.within(), fetched.wait_for(Option::is_some)).await
                && let Some(outcome) = &*outcome
            {
                return outcome.clone();
            }
            fetched = match self.ask() {
                Ask::Now(outcome) => return outcome,
                Ask::Later(fetched) => fetched,
            };
        }
        Err(NoCredentials::new(NoToken::Lost("the fetch of a token was broken off")))
    }

    pub(super) fn rejected(&self, credentials: &Credentials) {
        self.supply().rejected(credentials, SystemTime::now());
    }

    fn within(&self) -> Duration {
        self.request.timeout.saturating_add(GRACE)
    }

    fn supply(&self) -> MutexGuard<'_, Supply<Fetched>> {
        self.supply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch under way.
struct Fetch {
    issuer: Issuer,
    number: u64,
    tell: watch::Sender<Option<Outcome>>,
    has_ended: bool,
}

impl Fetch {
    async fn run(mut self, began: SystemTime) {
        let outcome = self.fetch(began).await;
        self.has_ended = true;
        let outcome = self.issuer.supply().end(self.number, outcome, SystemTime::now());
        self.tell.send_replace(Some(outcome));
    }

    async fn fetch(&self, began: SystemTime) -> Result<Token, Failed> {
        let request = &self.issuer.request;
        let mut asked_for = None;
        let (why, error): (_, fn(NoToken) -> NoCredentials) =
            match unless_panicked(request.send(began, &mut asked_for)).await {
                Some(Ok(token)) => return Ok(token),
                Some(Err(why)) => (why, NoCredentials::new),
                None => (NoToken::Lost("the fetch of a token has panicked"), NoCredentials::internal),
            };
        // Those who wait hear of the failure, whatever becomes of who is told of it.
        let _ = catch_unwind(AssertUnwindSafe(|| (request.on_failure)(&why)));
        Err(Failed { error: error(why), asked_for })
    }
}

/// Where the runtime ends.
impl Drop for Fetch {
    fn drop(&mut self) {
        if !self.has_ended {
            self.issuer.supply().lose(self.number);
        }
    }
}

/// None where the HTTP client panics. It is caught, and not seen by a guard while it unwinds: who is told of it may panic in turn, and that would be the
/// end of the process.
async fn unless_panicked<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
