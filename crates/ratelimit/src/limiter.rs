use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::bucket::Bucket;
use crate::clock::Clock;
use crate::policy::Policy;
use crate::{Quota, RateLimited};

/// A rate limit, which calls are counted against. Clones are the same limit.
///
/// It is given to a [`RateLimitLayer`](crate::RateLimitLayer) or a [`ThrottleLayer`](crate::ThrottleLayer), or to several that are to share
/// one limit; it may be asked by itself as well.
///
/// ```
/// use towerkit_ratelimit::{Quota, RateLimiter};
///
/// let limiter = RateLimiter::new(Quota::per_minute(2));
/// assert!(limiter.try_acquire().is_ok());
/// assert!(limiter.try_acquire().is_ok());
/// let refused = limiter.try_acquire().unwrap_err();
/// assert_eq!(refused.to_string(), "the rate limit of 2 a minute is exceeded");
/// assert_eq!(refused.retry_after().as_secs_f64().round(), 30.0);
///
/// limiter.set_quota(Quota::per_second(1000)); // while it is running
/// # std::thread::sleep(std::time::Duration::from_millis(5));
/// assert!(limiter.try_acquire().is_ok());
/// ```
#[derive(Clone)]
pub struct RateLimiter(Arc<Shared>);

struct Shared {
    clock: Clock,
    name: Arc<str>,
    // Counts the changes of the quota: who holds the bucket of this version needs no lock.
    version: AtomicU64,
    bucket: Mutex<Arc<Bucket>>,
    // For those who wait: what they wait for may be nearer now.
    changed: Notify,
}

impl RateLimiter {
    /// With a full burst to begin with. Its clock is the processor's.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self::with(Policy::new("default", quota), Clock::fast())
    }

    /// The same on Tokio's clock: for tests that pause it. A look at it costs about 13 ns more.
    #[must_use]
    pub fn on_tokio_time(quota: Quota) -> Self {
        Self::with(Policy::new("default", quota), Clock::tokio())
    }

    fn with(policy: Policy, clock: Clock) -> Self {
        Self(Arc::new(Shared {
            name: Arc::clone(&policy.name),
            version: AtomicU64::new(0),
            bucket: Mutex::new(Arc::new(Bucket::new(policy, &clock, 0))),
            changed: Notify::new(),
            clock,
        }))
    }

    /// The same quota, unused, under a name: that of the policy in the `ratelimit` metadata of refusals. Without this it is `default`.
    /// Characters other than printable ASCII, the quote and the backslash become underscores.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self::with(Policy::new(name, self.quota()), self.0.clock.clone())
    }

    /// Takes one call out of the quota.
    ///
    /// # Errors
    ///
    /// When there is none left. What it says is what a layer would answer.
    pub fn try_acquire(&self) -> Result<(), RateLimited> {
        self.take().map_err(|(bucket, wait)| bucket.refusal(wait))
    }

    /// The quota at present.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.bucket().policy.quota
    }

    /// Changes the quota. What is left of the burst is carried over, parts of a call too, as far as the new one has room for it: a
    /// change is no present, and no loss. Calls that wait in a [`ThrottleLayer`](crate::ThrottleLayer) wait as the new quota says.
    pub fn set_quota(&self, quota: Quota) {
        let mut current = self.0.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        if current.policy.quota == quota {
            return;
        }
        let policy = Policy { name: Arc::clone(&self.0.name), quota };
        *current = Arc::new(current.replace(policy, &self.0.clock));
        self.0.version.fetch_add(1, Ordering::Release);
        drop(current);
        self.0.changed.notify_waiters();
    }

    /// Takes a call, or says out of which bucket there is none, and how long it is until there is one.
    pub(crate) fn take(&self) -> Result<(), (Arc<Bucket>, Duration)> {
        loop {
            let bucket = self.bucket();
            match bucket.take() {
                Ok(()) => return Ok(()),
                Err(_) if bucket.is_closed() => {}
                Err(wait) => return Err((bucket, wait)),
            }
        }
    }

    /// How long it is until there is a call for one that lets so many others go first.
    pub(crate) fn wait_behind(&self, ahead: usize) -> (Arc<Bucket>, Duration) {
        loop {
            let bucket = self.bucket();
            let wait = bucket.wait_behind(ahead);
            if !bucket.is_closed() {
                return (bucket, wait);
            }
        }
    }

    /// The next change of the quota, from now on.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.0.changed.notified()
    }

    fn bucket(&self) -> Arc<Bucket> {
        Arc::clone(&self.0.bucket.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("name", &self.0.name)
            .field("quota", &self.quota())
            .field("clock", &self.0.clock)
            .finish_non_exhaustive()
    }
}

/// A limiter with its bucket at hand: for a service, which is called with `&mut self`.
#[derive(Clone, Debug)]
pub(crate) struct AtHand {
    limiter: RateLimiter,
    version: u64,
    bucket: Arc<Bucket>,
}

impl AtHand {
    pub(crate) fn new(limiter: RateLimiter) -> Self {
        let (version, bucket) = (limiter.version(), limiter.bucket());
        Self { limiter, version, bucket }
    }

    /// Takes a call.
    pub(crate) fn take(&mut self) -> Result<(), RateLimited> {
        if self.limiter.version() != self.version {
            self.renew();
        }
        loop {
            match self.bucket.take() {
                Ok(()) => return Ok(()),
                // Just now: the lock waits for the bucket that replaces it.
                Err(_) if self.bucket.is_closed() => self.renew(),
                Err(wait) => return Err(self.bucket.refusal(wait)),
            }
        }
    }

    #[cold]
    fn renew(&mut self) {
        // In this order: a change in between is seen by the next call.
        self.version = self.limiter.version();
        self.bucket = self.limiter.bucket();
    }
}
