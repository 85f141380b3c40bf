use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use lru::LruCache;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Breaker, BreakerSettings, CircuitBreakerFuture, CircuitOpen, Faults, Judge};

/// A circuit for each key, such as a host or a tenant, and never more of them than is said. Clones are the same set.
///
/// A circuit is made at the first call for its key. When there is no room the one that was unused for the longest time is
/// forgotten, whatever its state: keys that strangers can invent had better be checked first.
///
/// ```
/// use towerkit_circuitbreaker::{KeyedBreaker, BreakerSettings};
///
/// let breakers: KeyedBreaker<&str> = KeyedBreaker::new(BreakerSettings::hystrix(), 1000);
/// breakers.get("blue").force_open();
/// assert_eq!(breakers.peek(&"blue").unwrap().state().as_str(), "open");
/// assert!(breakers.peek(&"green").is_none());
/// ```
pub struct KeyedBreaker<K>(Arc<Shared<K>>);

struct Shared<K> {
    settings: BreakerSettings,
    breakers: Mutex<LruCache<K, Breaker>>,
}

impl<K: Hash + Eq> KeyedBreaker<K> {
    /// Circuits that are all made from these settings, and at most so many of them. A capacity of 0 is taken for 1.
    #[must_use]
    pub fn new(settings: impl Into<BreakerSettings>, capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        // Unbounded is a matter of the map's allocation alone: a great capacity takes no memory in advance.
        let breakers = Mutex::new(LruCache::unbounded());
        let this = Self(Arc::new(Shared { settings: settings.into(), breakers }));
        this.with(|breakers| breakers.resize(capacity));
        this
    }

    /// The circuit of a key, made if there is none.
    pub fn get(&self, key: K) -> Breaker {
        self.with(|breakers| breakers.get_or_insert(key, || Breaker::new(self.0.settings.clone())).clone())
    }

    /// The circuit of a key, if there is one. It does not count as a use.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<Breaker> {
        self.with(|breakers| breakers.peek(key).cloned())
    }

    /// How many circuits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with(|breakers| breakers.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn with<R>(&self, run: impl FnOnce(&mut LruCache<K, Breaker>) -> R) -> R {
        run(&mut self.0.breakers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K: Hash + Eq + Clone> KeyedBreaker<K> {
    /// All circuits, the last used first.
    #[must_use]
    pub fn all(&self) -> Vec<(K, Breaker)> {
        self.with(|breakers| breakers.iter().map(|(key, breaker)| (key.clone(), breaker.clone())).collect())
    }
}

impl<K> Clone for KeyedBreaker<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> fmt::Debug for KeyedBreaker<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBreaker").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

/// A circuit breaker for each key of the requests.
///
/// As a [`CircuitBreakerLayer`](crate::CircuitBreakerLayer), but that it must know the request before it can refuse it: readiness is
/// the inner service's. A call costs a lock and a look-up more. The key is made of the request by a function; a request of which
/// it makes none is let through.
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_circuitbreaker::{KeyedBreaker, KeyedCircuitBreakerLayer, BreakerSettings};
/// use towerkit_endpoint::{Endpoint, Error, Request, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let breakers = KeyedBreaker::new(BreakerSettings::hystrix(), 1000);
/// let tenant = |request: &Request<u64>| request.context().metadata().get("x-tenant").map(str::to_owned);
/// let service = ServiceBuilder::new()
///     .layer(KeyedCircuitBreakerLayer::new(breakers.clone(), tenant))
///     .service(service_fn(|request: Request<u64>| async move { Ok::<_, Error>(request.into_message()) }));
/// assert_eq!(service.invoke(7).await.unwrap(), 7);
/// # }
/// ```
pub struct KeyedCircuitBreakerLayer<K, F, J = Faults> {
    breakers: KeyedBreaker<K>,
    key: F,
    judge: J,
}

impl<K, F> KeyedCircuitBreakerLayer<K, F> {
    /// Of a set of circuits, with what makes the key of a request, and the judge [`Faults`].
    #[must_use]
    pub const fn new(breakers: KeyedBreaker<K>, key: F) -> Self {
        Self { breakers, key, judge: Faults::new() }
    }
}

impl<K, F, J> KeyedCircuitBreakerLayer<K, F, J> {
    /// Sets which results are failures: a [`Judge`].
    #[must_use]
    pub fn judge<L>(self, judge: L) -> KeyedCircuitBreakerLayer<K, F, L> {
        KeyedCircuitBreakerLayer { breakers: self.breakers, key: self.key, judge }
    }
}

impl<K, F: Clone, J: Clone> Clone for KeyedCircuitBreakerLayer<K, F, J> {
    fn clone(&self) -> Self {
        Self { breakers: self.breakers.clone(), key: self.key.clone(), judge: self.judge.clone() }
    }
}

impl<S, K, F: Clone, J: Clone> Layer<S> for KeyedCircuitBreakerLayer<K, F, J> {
    type Service = KeyedCircuitBreaker<S, K, F, J>;

    fn layer(&self, inner: S) -> Self::Service {
        KeyedCircuitBreaker { inner, with: self.clone() }
    }
}

impl<K, F, J> fmt::Debug for KeyedCircuitBreakerLayer<K, F, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedCircuitBreakerLayer").field("breakers", &self.breakers).finish_non_exhaustive()
    }
}

/// A service inside a [`KeyedCircuitBreakerLayer`].
#[derive(Debug)]
pub struct KeyedCircuitBreaker<S, K, F, J = Faults> {
    inner: S,
    with: KeyedCircuitBreakerLayer<K, F, J>,
}

impl<S: Clone, K, F: Clone, J: Clone> Clone for KeyedCircuitBreaker<S, K, F, J> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), with: self.with.clone() }
    }
}

impl<S, K, F, J, Req> Service<Req> for KeyedCircuitBreaker<S, K, F, J>
where
    S: Service<Req>,
    S::Error: From<CircuitOpen>,
    K: Hash + Eq,
    F: Fn(&Req) -> Option<K>,
    J: Judge<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = CircuitBreakerFuture<S::Future, J>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let permit = (self.with.key)(&request).map(|key| self.with.breakers.get(key).admit()).transpose();
        match permit {
            Ok(permit) => CircuitBreakerFuture::admitted(self.inner.call(request), permit, self.with.judge.clone()),
            Err(refused) => CircuitBreakerFuture::refused(refused),
        }
    }
}
