//! The laws of the breaker.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod fallback;
mod keyed;
mod model;
mod policies;
mod states;
mod threads;
mod window;

// What `window` is compiled with.
mod sync {
    pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
}

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use tower::Service;
use tower_layer::Layer as _;
use towerkit_circuitbreaker::{Breaker, CircuitBreaker, CircuitBreakerFuture, CircuitBreakerLayer, CircuitOpen};
use towerkit_endpoint::{Code, Error, Failure as _};

/// What a call is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Do {
    Succeed,
    Fail(Code),
    Hang,
}

const FAIL: Do = Do::Fail(Code::Unavailable);

/// A service that does as it is told, and counts the calls that reach it.
#[derive(Clone, Default)]
struct Obedient {
    reached: Arc<AtomicU64>,
}

impl Service<Do> for Obedient {
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, what: Do) -> Self::Future {
        self.reached.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            match what {
                Do::Succeed => Ok(()),
                Do::Fail(code) => Err(Error::from(code)),
                Do::Hang => pending().await,
            }
        })
    }
}

type Held = Pin<Box<CircuitBreakerFuture<<Obedient as Service<Do>>::Future>>>;

/// A breaker around an obedient service.
#[derive(Clone)]
struct Rig {
    breaker: Breaker,
    service: CircuitBreaker<Obedient>,
    reached: Arc<AtomicU64>,
}

impl Rig {
    fn new(settings: impl Into<towerkit_circuitbreaker::BreakerSettings>) -> Self {
        let breaker = Breaker::new(settings);
        let inner = Obedient::default();
        let reached = Arc::clone(&inner.reached);
        Self { service: CircuitBreakerLayer::new(breaker.clone()).layer(inner), breaker, reached }
    }

    fn start(&mut self, what: Do) -> Held {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(self.service.poll_ready(&mut cx).is_ready());
        Box::pin(self.service.call(what))
    }

    async fn call(&mut self, what: Do) -> Result<(), Error> {
        poll_fn(|cx| self.service.poll_ready(cx)).await?;
        self.service.call(what).await
    }

    async fn calls(&mut self, what: impl IntoIterator<Item = Do>) {
        for what in what {
            let _ = self.call(what).await;
        }
    }

    fn state(&self) -> &'static str {
        self.breaker.state().as_str()
    }

    fn reached(&self) -> u64 {
        self.reached.load(Ordering::Relaxed)
    }
}

/// Whether the circuit refused.
fn is_refused(result: &Result<(), Error>) -> bool {
    result.as_ref().is_err_and(|error| error.find::<CircuitOpen>().is_some() && error.is_not_sent())
}

/// Polls once.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
