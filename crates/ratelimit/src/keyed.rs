use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use lru::LruCache;
use tower_layer::Layer;
use tower_service::Service;

use crate::bucket::CLOSED;
use crate::clock::Clock;
use crate::policy::Policy;
use crate::rate::Rate;
use crate::{Quota, RateLimitFuture, RateLimited};

/// A rate limit for each key, such as a tenant or an address, and never memory for more of them than is said. Clones are the same
/// set.
///
/// When there is no room for a new key, the one that was unused for the longest time is forgotten, and begins with a full burst when it
/// comes back: a capacity well above the number of callers in any one burst keeps that harmless.
///
/// ```
/// use towerkit_ratelimit::{KeyedRateLimiter, Quota};
///
/// let limiter = KeyedRateLimiter::new(Quota::per_minute(1), 10_000);
/// assert!(limiter.try_acquire(&"blue").is_ok());
/// assert!(limiter.try_acquire(&"green").is_ok());
/// assert!(limiter.try_acquire(&"blue").is_err());
/// assert_eq!(limiter.len(), 2);
/// ```
pub struct KeyedRateLimiter<K>(Arc<Shared<K>>);

struct Shared<K> {
    clock: Clock,
    name: Arc<str>,
    capacity: NonZeroUsize,
    bucket: Mutex<Arc<dyn Bucket<K>>>,
}

/// A quota, and what of it each key has used. Behind it are the bounds that governor sets on keys.
trait Bucket<K>: Send + Sync {
    fn quota(&self) -> Quota;
    /// `None` where another bucket has taken its place.
    fn take(&self, key: &K) -> Option<Result<(), RateLimited>>;
    fn len(&self) -> usize;
    /// Closes it, and makes another of what is left in it.
    fn replace(&self, quota: Quota) -> Arc<dyn Bucket<K>>;
}

struct Governed<K: Hash + Eq + Clone> {
    policy: Policy,
    rate: Rate,
    /// Not before governor's own start, so that what is used is never taken for less.
    started: Nanos,
    limiter: governor::RateLimiter<K, Store<K>, Clock, NoOpMiddleware<Nanos>>,
    keys: Arc<Mutex<Keys<K>>>,
}

struct Keys<K: Hash + Eq> {
    /// governor's word for each key: when all that was taken will have come back.
    due: LruCache<K, u64>,
    closed: bool,
}

/// governor's memory of each key, in one bounded map: a lock, one look-up, and no allocation for a key that is known.
struct Store<K: Hash + Eq>(Arc<Mutex<Keys<K>>>);

impl<K: Hash + Eq + Clone> StateStore for Store<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut keys = lock(&self.0);
        if keys.closed {
            return decide(Some(CLOSED.into())).map(|(outcome, _)| outcome); // a refusal
        }
        match keys.due.get_mut(key) {
            Some(seen) => decide(Some((*seen).into())).map(|(outcome, new)| {
                *seen = new.into();
                outcome
            }),
            None => decide(None).map(|(outcome, new)| {
                keys.due.put(key.clone(), new.into());
                outcome
            }),
        }
    }
}

impl<K: Hash + Eq + Clone> Governed<K> {
    fn new(policy: Policy, due: LruCache<K, u64>, clock: &Clock) -> Self {
        let keys = Arc::new(Mutex::new(Keys { due, closed: false }));
        let limiter = governor::RateLimiter::new(policy.quota.governor(), Store(Arc::clone(&keys)), clock.clone());
        Self { rate: Rate::of(&policy.quota), policy, started: clock.now(), limiter, keys }
    }
}

/// Unbounded is a matter of the map's allocation alone: a great capacity takes no memory in advance.
fn map<K: Hash + Eq>(capacity: NonZeroUsize) -> LruCache<K, u64> {
    let mut keys = LruCache::unbounded();
    keys.resize(capacity);
    keys
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Hash + Eq + Clone + Send + 'static> Bucket<K> for Governed<K> {
    fn quota(&self) -> Quota {
        self.policy.quota
    }

    fn take(&self, key: &K) -> Option<Result<(), RateLimited>> {
        match self.limiter.check_key(key) {
            Ok(()) => Some(Ok(())),
            Err(_) if lock(&self.keys).closed => None,
            Err(until) => {
                let wait = until.wait_time_from(self.limiter.clock().now());
                Some(Err(RateLimited::new(&self.policy, wait)))
            }
        }
    }

    fn len(&self) -> usize {
        lock(&self.keys).due.len()
    }

    fn replace(&self, quota: Quota) -> Arc<dyn Bucket<K>> {
        let mut keys = lock(&self.keys);
        keys.closed = true;
        let (clock, rate) = (self.limiter.clock(), Rate::of(&quota));
        let now = clock.now().saturating_sub(self.started);
        let mut due = map(keys.due.cap());
        // From the one unused for the longest time on, so that the order stays.
        while let Some((key, seen)) = keys.due.pop_lru() {
            due.put(key, self.rate.carry(seen.saturating_sub(now.into()), &rate));
        }
        Arc::new(Self::new(Policy { name: Arc::clone(&self.policy.name), quota }, due, clock))
    }
}

impl<K: Hash + Eq + Clone + Send + 'static> KeyedRateLimiter<K> {
    /// The same quota for each key, and at most so many keys in memory. A capacity of 0 is taken for 1. Its clock is the processor's.
    #[must_use]
    pub fn new(quota: Quota, capacity: usize) -> Self {
        Self::with(Policy::new("default", quota), capacity, Clock::fast())
    }

    /// The same on Tokio's clock: for tests that pause it.
    #[must_use]
    pub fn on_tokio_time(quota: Quota, capacity: usize) -> Self {
        Self::with(Policy::new("default", quota), capacity, Clock::tokio())
    }

    /// The same, unused, under a name: see [`RateLimiter::named`](crate::RateLimiter::named).
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self::with(Policy::new(name, self.quota()), self.0.capacity.get(), self.0.clock.clone())
    }

    fn with(policy: Policy, capacity: usize, clock: Clock) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        let name = Arc::clone(&policy.name);
        let bucket: Arc<dyn Bucket<K>> = Arc::new(Governed::new(policy, map(capacity), &clock));
        let bucket = Mutex::new(bucket);
        Self(Arc::new(Shared { clock, name, capacity, bucket }))
    }

    /// Takes one call out of the quota of a key.
    ///
    /// # Errors
    ///
    /// When there is none left.
    pub fn try_acquire(&self, key: &K) -> Result<(), RateLimited> {
        loop {
            // None just after a change: the lock waits for the bucket that replaces this one.
            if let Some(taken) = self.bucket().take(key) {
                return taken;
            }
        }
    }

    /// The quota at present.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.bucket().quota()
    }

    /// Changes the quota, for all keys. What is left to each is carried over, parts of a call too, as far as the new one has room for it:
    /// see [`RateLimiter::set_quota`](crate::RateLimiter::set_quota). It goes through all keys in memory, and calls wait meanwhile: about 0.2 µs a
    /// key.
    pub fn set_quota(&self, quota: Quota) {
        let mut current = lock(&self.0.bucket);
        if current.quota() != quota {
            *current = current.replace(quota);
        }
    }

    /// How many keys are in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bucket().len()
    }

    /// Whether no key is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn bucket(&self) -> Arc<dyn Bucket<K>> {
        Arc::clone(&lock(&self.0.bucket))
    }
}

impl<K> Clone for KeyedRateLimiter<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> fmt::Debug for KeyedRateLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimiter")
            .field("name", &self.0.name)
            .field("capacity", &self.0.capacity)
            .field("clock", &self.0.clock)
            .finish_non_exhaustive()
    }
}

/// Refuses the calls of a key that exceed its rate.
///
/// As a [`RateLimitLayer`](crate::RateLimitLayer), with a limit for each key. The key is made of the request by a function; a request of which
/// it makes none is not limited. A call costs two locks and a look-up.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_endpoint::{Endpoint, Error, Request, service_fn};
/// use towerkit_ratelimit::{KeyedRateLimitLayer, KeyedRateLimiter, Quota};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let limiter = KeyedRateLimiter::new(Quota::per_second(10), 10_000);
/// let address = |request: &Request<u64>| request.context().peer().map(|peer| peer.ip());
/// let service = ServiceBuilder::new()
///     .layer(KeyedRateLimitLayer::new(limiter.clone(), address))
///     .service(service_fn(|request: Request<u64>| async move { Ok::<_, Error>(request.into_message()) }));
/// assert_eq!(service.invoke(7).await.unwrap(), 7);
/// # }
/// ```
pub struct KeyedRateLimitLayer<K, F> {
    limiter: KeyedRateLimiter<K>,
    key: F,
}

impl<K, F> KeyedRateLimitLayer<K, F> {
    /// Of a limiter, with what makes the key of a request.
    #[must_use]
    pub const fn new(limiter: KeyedRateLimiter<K>, key: F) -> Self {
        Self { limiter, key }
    }
}

impl<K, F: Clone> Clone for KeyedRateLimitLayer<K, F> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), key: self.key.clone() }
    }
}

impl<S, K, F: Clone> Layer<S> for KeyedRateLimitLayer<K, F> {
    type Service = KeyedRateLimit<S, K, F>;

    fn layer(&self, inner: S) -> Self::Service {
        KeyedRateLimit { inner, with: self.clone() }
    }
}

impl<K, F> fmt::Debug for KeyedRateLimitLayer<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimitLayer").field("limiter", &self.limiter).finish_non_exhaustive()
    }
}

/// A service inside a [`KeyedRateLimitLayer`].
#[derive(Debug)]
pub struct KeyedRateLimit<S, K, F> {
    inner: S,
    with: KeyedRateLimitLayer<K, F>,
}

impl<S: Clone, K, F: Clone> Clone for KeyedRateLimit<S, K, F> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), with: self.with.clone() }
    }
}

impl<S, K, F, Req> Service<Req> for KeyedRateLimit<S, K, F>
where
    S: Service<Req>,
    S::Error: From<RateLimited>,
    K: Hash + Eq + Clone + Send + 'static,
    F: Fn(&Req) -> Option<K>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RateLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        match (self.with.key)(&request).map(|key| self.with.limiter.try_acquire(&key)).transpose() {
            Ok(_) => RateLimitFuture::admitted(self.inner.call(request)),
            Err(refused) => RateLimitFuture::refused(refused),
        }
    }
}
