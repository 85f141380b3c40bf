use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};

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
}

/// A quota, and what of it is used.
pub(crate) struct Bucket {
    policy: Policy,
    limiter: governor::RateLimiter<NotKeyed, InMemoryState, Clock, StateInformationMiddleware>,
}

impl Bucket {
    fn new(policy: Policy, clock: &Clock) -> Self {
        let quota = policy.quota.governor();
        let limiter = governor::RateLimiter::direct_with_clock(quota, clock.clone()).with_middleware();
        Self { policy, limiter }
    }

    /// Takes a call, or says how long it is until there is one to take.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        self.limiter.check().map(drop).map_err(|until| until.wait_time_from(self.limiter.clock().now()))
    }

    pub(crate) fn refusal(&self, wait: Duration) -> RateLimited {
        RateLimited::new(&self.policy, wait)
    }

    pub(crate) fn interval(&self) -> Duration {
        self.policy.quota.interval()
    }
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
            bucket: Mutex::new(Arc::new(Bucket::new(policy, &clock))),
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
        let bucket = self.bucket();
        bucket.take().map_err(|wait| bucket.refusal(wait))
    }

    /// The quota at present.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.bucket().policy.quota
    }

    /// Changes the quota. What is left of the burst is carried over, as far as the new one has room for it: a change is no
    /// present.
    pub fn set_quota(&self, quota: Quota) {
        let bucket = Bucket::new(Policy { name: Arc::clone(&self.0.name), quota }, &self.0.clock);
        let mut current = self.0.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        // One call is taken to learn how many are left.
        let left = current.limiter.check().map_or(0, |left| left.remaining_burst_capacity().saturating_add(1));
        let used = quota.governor().burst_size().get().saturating_sub(left);
        if let Some(used) = NonZeroU32::new(used) {
            // It is not more than the burst, and nobody else has taken anything yet.
            let _ = bucket.limiter.check_n(used);
        }
        *current = Arc::new(bucket);
        self.0.version.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn bucket(&self) -> Arc<Bucket> {
        Arc::clone(&self.0.bucket.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn version(&self) -> u64 {
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

    pub(crate) fn bucket(&mut self) -> &Arc<Bucket> {
        let version = self.limiter.version();
        if version != self.version {
            self.version = version;
            self.bucket = self.limiter.bucket();
        }
        &self.bucket
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("policy", &self.policy).finish_non_exhaustive()
    }
}
