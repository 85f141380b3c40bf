use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;
use towerkit_endpoint::Code;

use super::policy::{Codes, Policy, Settings};
use super::{Retry, Retrying};
use crate::{Backoff, Budget};

/// Makes a call again when it failed in a way that may pass.
///
/// What is repeated, and where it stands in a stack, the [crate's documentation](crate) says.
///
/// ```
/// use std::time::Duration;
/// use towerkit_endpoint::Code;
/// use towerkit_retry::{Backoff, RetryLayer};
///
/// let layer = RetryLayer::new()
///     .attempts(4)
///     .total_timeout(Duration::from_secs(2))
///     .attempt_timeout(Duration::from_millis(500))
///     .backoff(Backoff::new(Duration::from_millis(50)))
///     .codes([Code::Unavailable, Code::DeadlineExceeded, Code::Aborted])
///     .on_retry(|retrying| println!("attempt {} failed: {}", retrying.attempt, retrying.code));
/// # let _ = layer;
/// ```
///
/// Readiness is the inner service's. The first attempt goes to the instance that was made ready; further ones make that
/// same instance ready again, inside the future. While a call waits between attempts it holds nothing. Dropping the future
/// ends it, whatever it is doing, and leaves the budget as if the attempt it waited for had never been thought of.
///
/// Clones, and all services made by them, share the budget, and nothing else that a caller can see.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    settings: Settings,
}

impl RetryLayer {
    /// With up to three attempts, the [default backoff](Backoff::default), a [budget](Budget::default) of its own, and
    /// no limit of time but the caller's.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings {
            attempts: 3,
            total_timeout: None,
            attempt_timeout: None,
            max_wait: Duration::from_secs(10),
            backoff: Backoff::default(),
            codes: Codes::default(),
            idempotent: false,
            elsewhere: false,
            budget: Some(Budget::default()),
            on_retry: None,
            seed: None,
        };
        Self { settings }
    }

    /// How many attempts a call may have in all, in place of 3. Zero counts as one.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// How long a call may take with all its attempts and waits, from the call on. It is written into the request as
    /// its deadline, which it can only shorten. Without it the deadline of the request bounds the waits, and nothing
    /// else.
    ///
    /// For a reply that is a stream the call is over when it begins; the rest of it is bounded by a
    /// [`DeadlineLayer`](towerkit_endpoint::DeadlineLayer) around this one.
    #[must_use]
    pub const fn total_timeout(mut self, time: Duration) -> Self {
        self.settings.total_timeout = Some(time);
        self
    }

    /// How long one attempt may take, further ones with what it takes to make the service ready again. It is written
    /// into the request of the attempt as its deadline. An attempt that takes longer is dropped, and counts as
    /// `DeadlineExceeded`.
    #[must_use]
    pub const fn attempt_timeout(mut self, time: Duration) -> Self {
        self.settings.attempt_timeout = Some(time);
        self
    }

    /// The waits between attempts.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.backoff = backoff;
        self
    }

    /// The longest wait that a failure may ask for, in place of 10 s. A call whose failure asks for more is given up at
    /// once.
    #[must_use]
    pub const fn max_wait(mut self, wait: Duration) -> Self {
        self.settings.max_wait = wait;
        self
    }

    /// The codes to repeat, in place of `Unavailable`, `DeadlineExceeded` and `Unknown`. `ResourceExhausted` is
    /// repeated whenever the failure says when to try again, named here or not.
    #[must_use]
    pub fn codes(mut self, codes: impl IntoIterator<Item = Code>) -> Self {
        self.settings.codes = Codes::of(codes);
        self
    }

    /// Says that all calls are idempotent, whatever their requests say: for the stack of one operation.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.settings.idempotent = true;
        self
    }

    /// Says that each attempt goes to another server: for a balancer inside. Then it is no reason to wait that one server, or the
    /// breaker around it, says when to come back; and an attempt that was refused in this process takes nothing from the budget.
    #[must_use]
    pub const fn elsewhere(mut self) -> Self {
        self.settings.elsewhere = true;
        self
    }

    /// A budget that others share, or of another size.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.settings.budget = Some(budget);
        self
    }

    /// Without a budget: a service that fails all calls gets as many times its load as there are attempts.
    #[must_use]
    pub fn without_budget(mut self) -> Self {
        self.settings.budget = None;
        self
    }

    /// What is told of each retry, before the wait for it. It must not block.
    #[must_use]
    pub fn on_retry(mut self, listener: impl Fn(&Retrying) + Send + Sync + 'static) -> Self {
        self.settings.on_retry = Some(Arc::new(listener));
        self
    }

    /// Makes the waits of each service the same in every run: for tests.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Retry::new(inner, Arc::new(Policy::new(self.settings.clone())))
    }
}
