use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::{Code, Failure};

use crate::budget::Token;
use crate::failures::Failed;
use crate::{Backoff, Budget, Stopped};

/// What a listener is told before the wait for a further attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Retrying {
    /// Which attempt failed; the first is 1.
    pub attempt: u32,
    /// What kind of failure it was.
    pub code: Code,
    /// How long until the next attempt.
    pub delay: Duration,
}

pub(super) type OnRetry = Arc<dyn Fn(&Retrying) + Send + Sync>;

/// The settings of a layer.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) attempts: u32,
    pub(super) total_timeout: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) max_wait: Duration,
    pub(super) backoff: Backoff,
    pub(super) codes: Codes,
    pub(super) idempotent: bool,
    pub(super) elsewhere: bool,
    pub(super) budget: Option<Budget>,
    pub(super) on_retry: Option<OnRetry>,
    pub(super) seed: Option<u64>,
}

/// The settings, and the source of chance, that all clones of a service share.
pub(super) struct Policy {
    pub(super) settings: Settings,
    random: AtomicU64,
}

/// Steps of this odd number visit all of `u64` before they return.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Policy {
    pub(super) fn new(settings: Settings) -> Self {
        let seed = settings.seed.unwrap_or_else(|| fastrand::u64(..));
        Self { settings, random: AtomicU64::new(seed) }
    }

    /// Whether there is to be another attempt, after how long, and leave for it.
    ///
    /// `made` counts the attempts so far.
    pub(super) fn next<E: Failure>(
        &self,
        failed: &Failed<E>,
        made: u32,
        idempotent: bool,
        deadline: Option<Instant>,
    ) -> Result<(Duration, Token), Stopped> {
        let settings = &self.settings;
        if made >= settings.attempts {
            return Err(Stopped::Attempts);
        }
        let (code, after) = (failed.code(), failed.retry_after());
        let retryable = settings.codes.contains(code) || (code == Code::ResourceExhausted && after.is_some());
        if !retryable || !(idempotent || settings.idempotent || failed.is_not_sent()) {
            return Err(Stopped::NotRepeatable);
        }
        let after = if settings.elsewhere { Duration::ZERO } else { after.unwrap_or_default() };
        if after > settings.max_wait {
            return Err(Stopped::RetryAfter);
        }
        // All who were told the same time do not come back at the same time.
        let delay = after.saturating_add(settings.backoff.delay(made, self.random()));
        if deadline.is_some_and(|deadline| Instant::now().checked_add(delay).is_none_or(|then| then >= deadline)) {
            return Err(Stopped::Deadline);
        }
        let token = match &settings.budget {
            // What was refused here was no load on any server, and elsewhere it is the first attempt.
            Some(budget) if !(settings.elsewhere && failed.is_refused()) => budget.withdraw().ok_or(Stopped::Budget)?,
            _ => Token::free(),
        };
        if let Some(listener) = &settings.on_retry {
            listener(&Retrying { attempt: made, code, delay });
        }
        Ok((delay, token))
    }

    fn random(&self) -> u64 {
        fastrand::Rng::with_seed(self.random.fetch_add(STRIDE, Ordering::Relaxed)).u64(..)
    }
}

/// A set of codes, one bit each.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Codes(u32);

impl Codes {
    pub(super) fn of(codes: impl IntoIterator<Item = Code>) -> Self {
        Self(codes.into_iter().fold(0, |bits, code| bits | Self::bit(code)))
    }

    const fn contains(self, code: Code) -> bool {
        self.0 & Self::bit(code) != 0
    }

    const fn bit(code: Code) -> u32 {
        1 << code.number()
    }
}

impl Default for Codes {
    fn default() -> Self {
        Self::of([Code::Unavailable, Code::DeadlineExceeded, Code::Unknown])
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Code::ALL.into_iter().filter(|code| self.contains(*code))).finish()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("attempts", &self.attempts)
            .field("total_timeout", &self.total_timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_wait", &self.max_wait)
            .field("backoff", &self.backoff)
            .field("codes", &self.codes)
            .field("idempotent", &self.idempotent)
            .field("elsewhere", &self.elsewhere)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
